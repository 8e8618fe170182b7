# Pre-flight, start and first look.
function Out-Refused($code, $message, $on) {
    $state.refused = $true
    Out-Line @{ t = 'refused'; code = $code; message = "$message"; on = "$on" }
}
# Find-Cycle tells when the newest cycle began, and its policy once that stands in the log. Is the newest entry the end
# of a cycle, then the running one has not written yet and began after it.
function Find-Cycle($since) {
    $state.began = ''
    $state.policy = ''
    $newest = @(Get-CycleEvent $since | Select-Object -First 1)
    if ($newest.Count -eq 0) { return }
    $state.began = Format-Utc $newest[0].TimeCreated
    if ((Get-Message $newest[0]) -match 'cycle started \((Delta|Initial)\)') { $state.policy = $Matches[1] }
}
# Find-Begin tells when the newest cycle that serves us began since then, and nothing of one that was over before.
function Find-Begin($since) {
    $state.began = ''
    $state.policy = ''
    $pattern = 'cycle started|Started a new sync cycle run'
    if ($order.adopt -eq 'initial') { $pattern = 'cycle started \(Initial\)' }
    $newest = @(Get-CycleEvent $since | Where-Object { (Get-Message $_) -match $pattern } | Select-Object -First 1)
    if ($newest.Count -eq 0) { return }
    $state.began = Format-Utc $newest[0].TimeCreated
    if ((Get-Message $newest[0]) -match 'cycle started \((Delta|Initial)\)') { $state.policy = $Matches[1] }
}
# Test-Since takes a cycle that began since an earlier try of ours meant to start one.
function Test-Since($since) {
    try {
        Find-Begin $since
    } catch {
        Out-Problem 'Get-WinEvent' $_
        return
    }
    if ($state.began -eq '') { return }
    $state.taken = $true
    Out-Line @{ t = 'adopted'; why = 'since'; since_at = $state.began; policy = $state.policy }
}
# Test-Running takes the cycle that is in progress, or refuses.
function Test-Running {
    try { Find-Cycle ([DateTime]::UtcNow.AddHours(-25)) } catch { Out-Problem 'Get-WinEvent' $_ }
    if ($order.adopt -eq 'initial' -and $state.policy -ne 'Initial') {
        Out-Refused 'already_running'
        return
    }
    $state.taken = $true
    Out-Line @{ t = 'adopted'; why = 'in_progress'; since_at = $state.began; policy = $state.policy }
}
# Test-Server stops at the first thing that is in the way of a start; what it found is in $state.refused.
function Test-Server {
    Read-Service
    if ($state.service -eq 'Missing') {
        Out-Refused 'service_missing'
        return
    }
    if ($state.service -ne 'Running' -and $state.service -ne '') {
        Out-Refused 'service_stopped'
        return
    }
    Import-Engine
    if ($state.module -eq '') {
        $code = 'module_missing'
        if ($state.mode -ne 'FullLanguage' -and (Get-ProblemCode $state.failure) -ne 'not_found') { $code = 'language_mode' }
        Out-Refused $code (Format-Message $state.failure)
        return
    }
    try {
        Read-Scheduler
        Read-Running
    } catch {
        Out-Refused '' (Format-Message $_)
        return
    }
    if ($state.scheduler.suspended) {
        Out-Refused 'scheduler_suspended'
        return
    }
    if (-not $state.scheduler.enabled) { Out-Refused 'scheduler_disabled' }
}
# Test-Wizard sees an open wizard by its process; the server's own refusal stays the authority.
function Test-Wizard {
    if (@(Get-Process -Name AzureADConnect -ErrorAction SilentlyContinue).Count -gt 0) { Out-Refused 'wizard_open' }
}
# Start-Cycle looks before it starts: for a cycle in progress, for one of an earlier try, for a busy connector.
function Start-Cycle($since) {
    $state.taken = $false
    if ($state.scheduler.in_progress) {
        Test-Running
        return
    }
    if ($null -ne $since) { Test-Since $since }
    if ($state.taken) { return }
    if ($state.busy.Count -gt 0) {
        Out-Refused 'connector_busy' '' $state.busy[0]
        return
    }
    Test-Wizard
    if ($state.refused) { return }
    Read-Connector
    if (-not $state.scheduler.staging) { Read-Deletes }
    Out-Beat 'Start-ADSyncSyncCycle'
    $state.began = [DateTime]::UtcNow.ToString('o')
    try {
        $null = Start-ADSyncSyncCycle -PolicyType $order.policy
    } catch {
        Out-Refused '' (Format-Message $_)
        return
    }
    Out-Line @{ t = 'accepted'; at = $state.began }
}
# Out-Past tells which cycles began and ended here within a day before this one. It comes last: nobody waits for it.
function Out-Past($before) {
    Out-Beat 'Get-WinEvent'
    try {
        $found = @(Get-CycleEvent $before.AddHours(-24) |
            Where-Object { $_.TimeCreated.ToUniversalTime() -lt $before } | Select-Object -First 150)
        foreach ($record in @($found | Sort-Object -Property RecordId)) {
            Out-Line @{ t = 'past'; at = (Format-Utc $record.TimeCreated); message = (Get-Message $record) }
        }
    } catch {
        Out-Problem 'Get-WinEvent' $_
    }
}
function Invoke-Order {
    $since = ConvertTo-Utc $order.since_utc
    if ($null -eq $since -and $order.since_seconds -gt 0) { $since = [DateTime]::UtcNow.AddSeconds(-$order.since_seconds) }
    $state.refused = $false
    Test-Server
    if ($state.refused) { return }
    $old = ConvertTo-Utc $state.scheduler.next_start
    Start-Cycle $since
    if ($state.refused) { return }
    $state.seen = $state.taken
    $state.cycle = $null
    if ($state.scheduler.in_progress) { $state.cycle = $old }
    # Which runs the cycle will have is told once; later looks need not ask again.
    if (-not $state.connectors) { Read-Connector }
    $from = ConvertTo-Utc $state.began
    if ($null -eq $from) { $from = [DateTime]::UtcNow }
    Watch-Cycle $from $old 0 $order.look_seconds $order.history
    Out-Past $from
}
