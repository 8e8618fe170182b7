# What a finished cycle came to, beside the event log.
# Read-Connector lists the connectors, without their schemas and parameters.
function Read-Connector {
    Out-Beat 'Get-ADSyncConnector'
    $state.connectors = @()
    try {
        $state.connectors = @(Get-ADSyncConnector | ForEach-Object {
            @{ name = "$($_.Name)"; id = "$($_.Identifier)"; type = "$($_.Type)"; subtype = "$($_.Subtype)" }
        })
        Out-Line @{ t = 'connectors'; list = $state.connectors }
    } catch {
        Out-Problem 'Get-ADSyncConnector' $_
    }
}
# Read-Statistics tells what waits to be imported and exported, connector by connector.
function Read-Statistics {
    foreach ($connector in $state.connectors) {
        Out-Beat 'Get-ADSyncConnectorStatistics'
        try {
            $found = Get-ADSyncConnectorStatistics -ConnectorName $connector.name
            Out-Line @{
                t = 'statistics'
                connector = $connector.name
                import_adds = [int]$found.ImportAdds
                import_updates = [int]$found.ImportUpdates
                import_deletes = [int]$found.ImportDeletes
                export_adds = [int]$found.ExportAdds
                export_updates = [int]$found.ExportUpdates
                export_deletes = [int]$found.ExportDeletes
            }
        } catch {
            Out-Problem 'Get-ADSyncConnectorStatistics' $_
        }
    }
}
# Measure-Steps adds up one counter over a run's steps; -1 when there are none to look at.
function Measure-Steps($steps, $names) {
    if ($null -eq $steps) { return -1 }
    $sum = 0
    foreach ($step in $steps) {
        foreach ($name in $names) { $sum += [int]$step.$name }
    }
    $sum
}
# Read-History reads the newest runs. In a network logon this half of the module does not work at all, which is why
# the answer says first whether it did.
function Read-History($since, $most) {
    Out-Beat 'Get-ADSyncRunProfileResult'
    try {
        $found = @(Get-ADSyncRunProfileResult -NumberRequested $most -RunStepDetails)
    } catch {
        Out-Line @{ t = 'history'; readable = $false; message = (Format-Message $_) }
        return
    }
    Out-Line @{ t = 'history'; readable = $true; message = '' }
    foreach ($run in $found) {
        $start = ConvertTo-Utc (Format-Utc $run.StartDate)
        if ($null -eq $start -or $null -eq $since -or $start -lt $since) { continue }
        $steps = $run.RunStepResults
        Out-Line @{
            t = 'run'
            connector = "$($run.ConnectorName)"
            profile = "$($run.RunProfileName)"
            result = "$($run.Result)"
            start = (Format-Utc $run.StartDate)
            end = (Format-Utc $run.EndDate)
            number = [int]$run.RunNumber
            id = "$($run.RunHistoryId)"
            adds = (Measure-Steps $steps ('StageAdd', 'ExportAdd'))
            updates = (Measure-Steps $steps ('StageUpdate', 'StageRename', 'ExportUpdate', 'ExportRename'))
            deletes = (Measure-Steps $steps ('StageDelete', 'ExportDelete'))
            errors = (Measure-Steps $steps ('StageFailure', 'FlowFailure', 'ExportFailure'))
        }
    }
}
