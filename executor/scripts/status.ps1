# What the server is doing.
# Read-Heartbeat tells the newest sign of life of password hash synchronization within a day: event 654, which comes every
# half hour where that works.
function Read-Heartbeat {
    try {
        $filter = @{ LogName = 'Application'; ProviderName = 'Directory Synchronization'; Id = 654; StartTime = [DateTime]::UtcNow.AddHours(-24) }
        $newest = @(Get-Source $filter $true | Select-Object -First 1)
        $at = ''
        if ($newest.Count -gt 0) { $at = Format-Utc $newest[0].TimeCreated }
        Out-Line @{ t = 'heartbeat'; at = $at }
    } catch {
        Out-Problem 'Get-WinEvent' $_
    }
}
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
    Read-Heartbeat
}
