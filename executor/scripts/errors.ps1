# Which objects could not be synchronised, as things stand now.
# Read-LastRuns writes what the newest complete run of each profile could not do; the newest comes first in the history.
function Read-LastRuns {
    $seen = @{}
    foreach ($run in $state.runs) {
        $key = "$($run.ConnectorName)|$($run.RunProfileName -replace '^(Full|Delta) ', '')"
        if (-not $run.IsRunComplete -or $seen.ContainsKey($key)) { continue }
        $seen[$key] = $true
        Out-RunObjects $run
    }
}
# Read-LastEvents reads what the newest cycle of the last day wrote.
function Read-LastEvents {
    try {
        $begin = @(Get-CycleEvent ([DateTime]::UtcNow.AddHours(-24)) | Where-Object { (Get-Message $_) -match 'cycle started' } | Select-Object -First 1)
    } catch {
        Out-Problem 'Get-WinEvent' $_
        return
    }
    if ($begin.Count -gt 0) { Read-Event (ConvertTo-Utc (Format-Utc $begin[0].TimeCreated)) 0 }
}
function Invoke-Order {
    $until = [DateTime]::UtcNow.AddSeconds($order.seconds)
    Import-Engine
    if ($state.module -eq '') { return }
    Read-History $null 100 $order.history
    if ($state.source -ne '') {
        Read-LastRuns
        return
    }
    Read-Connector
    Read-Exports $until
    Read-LastEvents
}
