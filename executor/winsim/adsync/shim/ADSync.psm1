# The ADSync module as scripts see it: names, parameters, types and errors of the real one; the model does the rest.
enum Status { Success = 0 }
enum SyncCyclePolicy { Unspecified = 0; Delta = 1; Initial = 2 }
enum RunState { Busy = 0 }
Write-Progress -Activity 'Preparing modules for first use.' -Status ' '
Invoke-Model 'Import-Module'
# Invoke-Cmdlet asks the model for a cmdlet; its failure becomes the cmdlet's own terminating error.
function Invoke-Cmdlet($cmdlet, $arguments = @{}) {
    try { Invoke-Model $cmdlet.MyInvocation.MyCommand.Name $arguments } catch { $cmdlet.ThrowTerminatingError($_) }
}
function Get-ADSyncScheduler {
    [CmdletBinding()] param()
    $found = Invoke-Cmdlet $PSCmdlet
    [pscustomobject]@{
        PSTypeName = 'Microsoft.IdentityManagement.PowerShell.ObjectModel.SchedulerSettings'
        AllowedSyncCycleInterval = [TimeSpan]::FromSeconds($found.allowed_interval / 1e9)
        CurrentlyEffectiveSyncCycleInterval = [TimeSpan]::FromSeconds($found.effective_interval / 1e9)
        CustomizedSyncCycleInterval = $null
        NextSyncCyclePolicyType = [SyncCyclePolicy]$found.next_policy
        NextSyncCycleStartTimeInUTC = ConvertFrom-Time $found.next_start 'Unspecified'
        PurgeRunHistoryInterval = [TimeSpan]::FromSeconds($found.purge_interval / 1e9)
        SyncCycleEnabled = [bool]$found.enabled
        MaintenanceEnabled = [bool]$found.maintenance
        StagingModeEnabled = [bool]$found.staging
        SchedulerSuspended = [bool]$found.suspended
        SyncCycleInProgress = [bool]$found.in_progress
    }
}
function Start-ADSyncSyncCycle {
    [CmdletBinding()] param(
        [Parameter(Position = 0)][SyncCyclePolicy]$PolicyType = 'Unspecified',
        [Parameter(Position = 1)][bool]$InteractiveMode = $true
    )
    Invoke-Cmdlet $PSCmdlet @{ policy = "$PolicyType" }
    [pscustomobject]@{
        PSTypeName = 'Microsoft.IdentityManagement.PowerShell.ObjectModel.SchedulerOperationStatus'
        Result = [Status]::Success
    }
}
function Stop-ADSyncSyncCycle {
    [CmdletBinding()] param()
    Invoke-Cmdlet $PSCmdlet
    [pscustomobject]@{
        PSTypeName = 'Microsoft.IdentityManagement.PowerShell.ObjectModel.SchedulerOperationStatus'
        Result = [Status]::Success
    }
}
function Set-ADSyncScheduler {
    [CmdletBinding()] param([Parameter(Mandatory = $true)][bool]$SyncCycleEnabled, [switch]$Force)
    Invoke-Cmdlet $PSCmdlet @{ enabled = $SyncCycleEnabled }
}
function Get-ADSyncConnectorRunStatus {
    [CmdletBinding()] param()
    $busy = Invoke-Cmdlet $PSCmdlet
    if ("$busy" -eq '') { return }
    [pscustomobject]@{
        PSTypeName = 'Microsoft.IdentityManagement.PowerShell.ObjectModel.ConnectorRunStatus'
        RunState = [RunState]::Busy
        ConnectorName = $busy
    }
}
function Get-ADSyncConnector {
    [CmdletBinding()] param([string]$Name, [guid]$Identifier)
    foreach ($connector in Invoke-Cmdlet $PSCmdlet) {
        if ($Name -ne '' -and $connector.name -ne $Name) { continue }
        if ($null -ne $Identifier -and $Identifier -ne [guid]$connector.id) { continue }
        [pscustomobject]@{
            PSTypeName = 'Microsoft.IdentityManagement.PowerShell.ObjectModel.Connector'
            Name = $connector.name
            Identifier = [guid]$connector.id
            Type = $connector.type
            Subtype = $connector.subtype
        }
    }
}
function Get-ADSyncConnectorStatistics {
    [CmdletBinding()] param([Parameter(Position = 0, Mandatory = $true)][string]$ConnectorName)
    $found = Invoke-Cmdlet $PSCmdlet @{ connector = $ConnectorName }
    [pscustomobject]@{
        PSTypeName = 'Microsoft.IdentityManagement.PowerShell.ObjectModel.ConnectorStatistics'
        ExportAdds = [int]$found.export_adds
        ExportUpdates = [int]$found.export_updates
        ExportDeletes = [int]$found.export_deletes
        ImportAdds = [int]$found.import_adds
        ImportUpdates = [int]$found.import_updates
        ImportDeletes = [int]$found.import_deletes
        ImportNoChange = 0
        TotalConnectors = 4711
    }
}
function New-StepError($run) {
    foreach ($found in $run.objects) {
        [pscustomobject]@{
            PSTypeName = 'Microsoft.IdentityManagement.PowerShell.ObjectModel.RunStepErrorObject'
            ObjectDisplayName = $found.name
            ObjectDn = $found.dn
            FirstOccurred = ConvertFrom-Time $found.first 'Unspecified'
            DateOccurred = ConvertFrom-Time $found.last 'Unspecified'
            RetryCount = [int]$found.retries
            ErrorType = $found.type
            CdError = $found.detail
        }
    }
}
# New-Step is the one step of a run. Which counters it fills depends on what the profile does.
function New-Step($run) {
    $kind = @('Import', 'Export', 'Synchronization') | Where-Object { $run.profile -match "$_$" }
    $import = [int]($kind -eq 'Import')
    $export = [int]($kind -eq 'Export')
    $sync = [int]($kind -eq 'Synchronization')
    [pscustomobject]@{
        StepNumber = 1
        StepResult = $run.result
        StageNoChange = 0
        StageAdd = $import * $run.adds
        StageUpdate = $import * $run.updates
        StageRename = 0
        StageDelete = $import * $run.deletes
        StageDeleteAdd = 0
        StageFailure = $import * $run.errors
        ConnectorFlow = $sync * $run.updates
        FlowFailure = $sync * $run.errors
        ExportAdd = $export * $run.adds
        ExportUpdate = $export * $run.updates
        ExportRename = 0
        ExportDelete = $export * $run.deletes
        ExportDeleteAdd = 0
        ExportFailure = $export * $run.errors
        SyncErrors = [pscustomobject]@{ SyncErrorsCompressed = [byte[]]@(); SyncErrorsXml = ''; SyncErrorsList = @(New-StepError $run) }
        ConnectorDiscoveryErrors = [pscustomobject]@{ ConnectorDiscoveryErrorsList = @() }
        MvRetryErrors = [pscustomobject]@{ MvRetryErrorsList = @() }
    }
}
function Get-ADSyncExportDeletionThreshold {
    [CmdletBinding()] param()
    $found = Invoke-Cmdlet $PSCmdlet
    [pscustomobject]@{
        PSTypeName = 'Microsoft.IdentityManagement.PowerShell.ObjectModel.ExportDeletionThreshold'
        DeletionPrevention = [uint32]$found.prevention
        ThresholdPercentage = [uint32]$found.percentage
        ThresholdCount = [uint32]$found.count
    }
}
function Get-ADSyncRunProfileResult {
    [CmdletBinding()] param([guid]$ConnectorId, [int]$NumberRequested, [switch]$RunStepDetails)
    foreach ($run in Invoke-Cmdlet $PSCmdlet @{ limit = $NumberRequested }) {
        if ($null -ne $ConnectorId -and $ConnectorId -ne [guid]$run.connector_id) { continue }
        $steps = $null
        if ($RunStepDetails) { $steps = @(New-Step $run) }
        [pscustomobject]@{
            PSTypeName = 'Microsoft.IdentityManagement.PowerShell.ObjectModel.RunProfileResult'
            RunHistoryId = [guid]$run.id
            ConnectorId = [guid]$run.connector_id
            ConnectorName = $run.connector
            RunProfileName = $run.profile
            RunNumber = [int]$run.number
            Username = 'NT SERVICE\ADSync'
            IsRunComplete = $run.result -ne 'in-progress'
            Result = $run.result
            CurrentStepNumber = 1
            TotalSteps = 1
            StartDate = ConvertFrom-Time $run.start 'Unspecified'
            EndDate = ConvertFrom-Time $run.end 'Unspecified'
            RunStepResults = $steps
        }
    }
}
Export-ModuleMember -Function *-ADSync*
