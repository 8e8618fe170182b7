# The engine's own history of runs.
# Measure-Steps adds up one counter over a run's steps; -1 when there are none to look at.
function Measure-Steps($steps, $names) {
    if ($null -eq $steps) { return -1 }
    $sum = 0
    foreach ($step in $steps) {
        foreach ($name in $names) { $sum += [int]$step.$name }
    }
    $sum
}
# Read-Direct reads the newest runs from the engine. In a network logon this half of the module does not work at all.
function Read-Direct($most) {
    Out-Beat 'Get-ADSyncRunProfileResult'
    try {
        $state.runs = @(Get-ADSyncRunProfileResult -NumberRequested $most -RunStepDetails)
        $state.source = 'direct'
    } catch {
        $state.unreadable = Format-Message $_
    }
}
# A synchronization stages and exports nothing: what its steps would show as 0 is not shown.
# Read-History reads the newest runs by a road: probe (directly, else by the bridge), direct, bridge, or none, which asks
# nothing and says nothing. The answer says first whether it did.
function Read-History($since, $most, $road) {
    $state.runs = @()
    $state.source = ''
    if ($road -eq 'none') { return }
    $state.unreadable = ''
    if ($road -eq 'probe' -or $road -eq 'direct') { Read-Direct $most }
    if ($state.source -eq '' -and $road -ne 'direct') { Read-Bridge $since $most $road }
    Out-Line @{ t = 'history'; readable = ($state.source -ne ''); source = $state.source; message = $state.unreadable }
    foreach ($run in $state.runs) {
        $start = ConvertTo-Utc (Format-Utc $run.StartDate)
        if ($null -eq $start -or $null -eq $since -or $start -lt $since) { continue }
        $steps = $run.RunStepResults
        $moves = $steps
        if ("$($run.RunProfileName)" -match 'Synchronization$') { $moves = $null }
        Out-Line @{
            t = 'run'
            connector = "$($run.ConnectorName)"
            profile = "$($run.RunProfileName)"
            result = "$($run.Result)"
            start = (Format-Utc $run.StartDate)
            end = (Format-Utc $run.EndDate)
            number = [int]$run.RunNumber
            id = "$($run.RunHistoryId)"
            adds = (Measure-Steps $moves ('StageAdd', 'ExportAdd'))
            updates = (Measure-Steps $moves ('StageUpdate', 'StageRename', 'StageDeleteAdd', 'ExportUpdate', 'ExportRename', 'ExportDeleteAdd'))
            deletes = (Measure-Steps $moves ('StageDelete', 'ExportDelete'))
            errors = (Measure-Steps $steps ('StageFailure', 'FlowFailure', 'ExportFailure'))
        }
        Out-RunObjects $run
    }
}
