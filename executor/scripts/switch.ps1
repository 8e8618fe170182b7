# Switches the scheduler's own cycles on or off, unless it stands so already, and reads back how it stands then.
function Invoke-Order {
    Read-Engine
    if ($state.denied) { return }
    if ($state.scheduler.enabled -eq [bool]$order.enabled) { return }
    Out-Beat 'Set-ADSyncScheduler'
    $at = [DateTime]::UtcNow.ToString('o')
    try {
        $null = Set-ADSyncScheduler -SyncCycleEnabled ([bool]$order.enabled)
    } catch {
        Out-Denied '' (Format-Message $_)
        return
    }
    Out-Line @{ t = 'accepted'; at = $at }
    Wait-Scheduler
    try { Read-Scheduler } catch { Out-Problem 'Get-ADSyncScheduler' $_ }
}
