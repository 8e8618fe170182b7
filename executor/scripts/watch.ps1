# One look at a cycle.
# Test-Done says why the cycle is over, or nothing. Not in progress is not enough: between an accepted start and the
# scheduler's waking up it is not in progress either. The next start is moved only when a cycle completes; while one runs,
# it is its beginning, so that another one tells itself by another.
function Test-Done($old, $since) {
    if ($state.scheduler.in_progress) {
        $now = ConvertTo-Utc $state.scheduler.next_start
        if ($state.seen -and $null -ne $state.cycle -and $null -ne $now -and ($now - $state.cycle).TotalSeconds -ge 1) { return 'another' }
        $state.cycle = $now
        $state.seen = $true
        return ''
    }
    if ($state.seen) { return 'seen' }
    $next = ConvertTo-Utc $state.scheduler.next_start
    if ($null -ne $old -and $null -ne $next -and $next -gt $old -and $next -gt $since) { return 'next_start' }
    ''
}
# Watch-Cycle looks every two seconds until the cycle is over or the time is up, then reads the events, and all of the
# result when it is over. Turns are counted, too: the server's clock may be set back meanwhile.
function Watch-Cycle($since, $old, $after, $seconds, $history) {
    $begin = [DateTime]::UtcNow
    $done = ''
    for ($turn = 0; $true; $turn++) {
        try { Read-Running } catch { Out-Problem 'Get-ADSyncConnectorRunStatus' $_ }
        $age = ([DateTime]::UtcNow - $state.polled).TotalSeconds
        if ($age -ge 10 -or $age -lt 0) {
            try {
                Read-Scheduler
                $done = Test-Done $old $since
            } catch {
                Out-Problem 'Get-ADSyncScheduler' $_
            }
        }
        if ($done -ne '') { break }
        $spent = ([DateTime]::UtcNow - $begin).TotalSeconds
        if ($spent + 2 -gt $seconds -or $turn * 2 -ge $seconds) { break }
        Start-Sleep -Seconds 2
    }
    if ($done -eq '') {
        Read-Event $since $after
        return
    }
    $at = [DateTime]::UtcNow.ToString('o')
    if ($done -eq 'another') { $at = $state.scheduler.next_start }
    Out-Line @{ t = 'done'; why = $done; at = $at }
    if (-not $state.connectors) { Read-Connector }
    Read-Statistics
    Read-History $since 100 $history
    Read-Event $since 0
}
