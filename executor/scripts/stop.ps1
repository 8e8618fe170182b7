# Stops the cycle that was meant, and no other: while a cycle runs, the scheduler's next start is its own beginning.
function Test-Meant {
    if (-not $state.scheduler.in_progress) { return $false }
    $began = ConvertTo-Utc $state.scheduler.next_start
    $meant = ConvertTo-Utc $order.began
    if ($null -eq $began -or $null -eq $meant) { return $false }
    $apart = ($began - $meant).TotalSeconds
    $apart -gt -1 -and $apart -lt 1
}
function Invoke-Order {
    Read-Engine
    if ($state.denied) { return }
    if (-not (Test-Meant)) { return }
    Out-Beat 'Stop-ADSyncSyncCycle'
    $at = [DateTime]::UtcNow.ToString('o')
    try {
        $null = Stop-ADSyncSyncCycle
    } catch {
        Out-Denied '' (Format-Message $_)
        return
    }
    Out-Line @{ t = 'accepted'; at = $at }
    Wait-Scheduler
    try { Read-Scheduler } catch { Out-Problem 'Get-ADSyncScheduler' $_ }
}
