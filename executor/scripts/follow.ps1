# Another look at a cycle.
function Invoke-Order {
    $state.seen = [bool]$order.seen
    $state.cycle = ConvertTo-Utc $order.cycle
    $state.polled = [DateTime]::UtcNow.AddSeconds(-$order.scheduler_age_seconds)
    try {
        Import-Engine
        if ($state.module -eq '') { return }
        $since = ConvertTo-Utc $order.since_utc
        Watch-Cycle $since (ConvertTo-Utc $order.old_next) $order.after_record $order.watch_seconds $order.history
    } catch {
        Out-Problem 'follow' $_
    }
}
