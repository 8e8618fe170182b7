# The ways of the scripts that act on the scheduler: what is in their way, and what stands after them.
function Out-Denied($code, $message) {
    $state.denied = $true
    Out-Line @{ t = 'refused'; code = $code; message = "$message"; on = '' }
}
# Read-Engine tells how the scheduler stands, or why it cannot be told anything; that is in $state.denied.
function Read-Engine {
    $state.denied = $false
    Read-Service
    if ($state.service -eq 'Missing') {
        Out-Denied 'service_missing'
        return
    }
    if ($state.service -ne 'Running' -and $state.service -ne '') {
        Out-Denied 'service_stopped'
        return
    }
    Import-Engine
    if ($state.module -eq '') {
        $code = 'module_missing'
        if ($state.mode -ne 'FullLanguage' -and (Get-ProblemCode $state.failure) -ne 'not_found') { $code = 'language_mode' }
        Out-Denied $code (Format-Message $state.failure)
        return
    }
    try {
        Read-Scheduler
    } catch {
        Out-Denied '' (Format-Message $_)
    }
}
# Wait-Scheduler waits until the scheduler may be asked again, which calls the cloud. Turns are counted, too: the server's
# clock may be set back meanwhile.
function Wait-Scheduler {
    for ($turn = 0; $turn -lt 5; $turn++) {
        try { Read-Running } catch { Out-Problem 'Get-ADSyncConnectorRunStatus' $_ }
        if (([DateTime]::UtcNow - $state.polled).TotalSeconds -ge 10) { return }
        Start-Sleep -Seconds 2
    }
}
