# The service, the module, the scheduler and what runs now.
$state.bin = 'C:\Program Files\Microsoft Azure AD Sync\Bin'
# Read-Service tells the service's status. The service control manager often denies a network logon of somebody who is
# no administrator; the process can be seen all the same.
function Read-Service {
    $state.service = ''
    try {
        $state.service = "$((Get-Service -Name ADSync).Status)"
    } catch {
        if ($_.FullyQualifiedErrorId -match 'NoServiceFound') {
            $state.service = 'Missing'
        } else {
            Out-Problem 'Get-Service ADSync' $_
            if (@(Get-Process -Name miiserver -ErrorAction SilentlyContinue).Count -gt 0) { $state.service = 'Running' }
        }
    }
    Out-Line @{ t = 'service'; status = $state.service }
}
# Import-Engine loads ADSync by name, else by path: a process older than the installation does not find it by name.
function Import-Engine {
    Out-Beat 'Import-Module ADSync'
    $state.module = ''
    $state.failure = $null
    try {
        Import-Module -Name ADSync
        $state.module = 'name'
    } catch {
        $state.failure = $_
    }
    if ($state.module -eq '') {
        try {
            Import-Module -Name "$($state.bin)\ADSync\ADSync.psd1"
            $state.module = 'path'
        } catch {
            if ("$($_.FullyQualifiedErrorId)" -notmatch 'Modules_ModuleNotFound') { $state.failure = $_ }
        }
    }
    if ($state.module -eq '') {
        Out-Problem 'Import-Module ADSync' $state.failure
        return
    }
    $version = ''
    try {
        $version = "$((Get-Item -LiteralPath "$($state.bin)\miiserver.exe").VersionInfo.FileVersion)".Trim()
    } catch {
        $version = ''
    }
    Out-Line @{ t = 'module'; version = $version; by = $state.module }
}
# Read-Scheduler calls Get-ADSyncScheduler, which asks the cloud: at most every ten seconds. It throws.
function Read-Scheduler {
    Out-Beat 'Get-ADSyncScheduler'
    $state.polled = [DateTime]::UtcNow
    $found = Get-ADSyncScheduler
    $state.polled = [DateTime]::UtcNow
    $state.scheduler = @{
        t = 'scheduler'
        enabled = [bool]$found.SyncCycleEnabled
        suspended = [bool]$found.SchedulerSuspended
        in_progress = [bool]$found.SyncCycleInProgress
        staging = [bool]$found.StagingModeEnabled
        maintenance = [bool]$found.MaintenanceEnabled
        allowed_interval = "$($found.AllowedSyncCycleInterval)"
        effective_interval = "$($found.CurrentlyEffectiveSyncCycleInterval)"
        next_policy = "$($found.NextSyncCyclePolicyType)"
        next_start = (Format-Utc $found.NextSyncCycleStartTimeInUTC)
    }
    Out-Line $state.scheduler
}
# Read-Running tells which connectors run, when that has changed. Idle is no output at all. It throws.
function Read-Running {
    $names = @(Get-ADSyncConnectorRunStatus | ForEach-Object { "$($_.ConnectorName)" })
    $state.busy = $names
    $now = "$($names.Count) $names"
    if ($state.running -ceq $now) { return }
    $state.running = $now
    Out-Line @{ t = 'running'; connectors = $names; at = [DateTime]::UtcNow.ToString('o') }
}
