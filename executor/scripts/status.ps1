# What the server is doing.
function Invoke-Order {
    Read-Service
    Import-Engine
    if ($state.module -ne '') {
        try { Read-Scheduler } catch { Out-Problem 'Get-ADSyncScheduler' $_ }
        try { Read-Running } catch { Out-Problem 'Get-ADSyncConnectorRunStatus' $_ }
    }
    $since = ConvertTo-Utc $order.since_utc
    if ($null -eq $since) { $since = [DateTime]::UtcNow.AddHours(-24) }
    Out-Beat 'Get-WinEvent'
    try { Out-Event (Get-CycleEvent $since) } catch { Out-Problem 'Get-WinEvent' $_ }
}
