# The bridge: a scheduled task on the server that asks the engine in a local logon, where all of ADSync answers. An
# administrator sets it up with the script that "adsyncbot bridge" prints.
$state.task = 'adsyncbot-bridge'
$state.place = 'C:\Program Files\adsyncbot-bridge'
# How long an answer is waited for, and how old it may be when it comes, in seconds.
$state.patience = 15
$state.oldest = 120
$state.quiet = $false
# Out-NoBridge tells why there is no answer by the bridge. That there is none is no problem where none was expected.
function Out-NoBridge($code, $message) {
    $message = "$message".Trim() -replace '\s+', ' '
    if ($message.Length -gt 500) { $message = $message.Substring(0, 500) }
    if ("$($state.unreadable)" -eq '') { $state.unreadable = $message }
    if ($state.quiet) { return }
    if ($code -eq 'bridge_missing' -and -not $state.expected) { return }
    Out-Line @{ t = 'problem'; doing = 'bridge'; code = $code; message = $message }
}
# Get-BridgeCode is for a cmdlet on the way. A task that this account may not see is not found either.
function Get-BridgeCode($problem) {
    $code = Get-ProblemCode $problem
    if ($code -eq 'access_denied' -or "$($problem.FullyQualifiedErrorId)" -match '0x80070005') { return 'bridge_denied' }
    if ($code -eq 'not_found') { return 'bridge_missing' }
    'bridge_failed'
}
# Find-Task leaves the task's state in $state.found; empty when there is no use in going on.
function Find-Task {
    $state.found = ''
    Out-Beat 'Get-ScheduledTask'
    try {
        $state.found = "$((Get-ScheduledTask -TaskName $state.task -TaskPath '\').State)"
    } catch {
        Out-NoBridge (Get-BridgeCode $_) (Format-Message $_)
        return
    }
    if ($state.found -eq 'Disabled') {
        $state.found = ''
        Out-NoBridge 'bridge_disabled' 'the task is disabled'
    }
}
# Wait-Answer looks every second. A start while the task was about to end is ignored by Windows: it is started once more
# when it is idle and has not answered.
function Wait-Answer($file) {
    $begin = [DateTime]::UtcNow
    for ($turn = 0; $turn -lt $state.patience; $turn++) {
        if (Test-Path -LiteralPath $file) { return }
        if (([DateTime]::UtcNow - $begin).TotalSeconds -gt $state.patience) { return }
        if ($turn % 3 -eq 0) { Out-Beat 'bridge' }
        if ($turn -eq 6 -and "$((Get-ScheduledTask -TaskName $state.task -TaskPath '\').State)" -eq 'Ready') {
            Start-ScheduledTask -TaskName $state.task -TaskPath '\'
        }
        Start-Sleep -Seconds 1
    }
}
# Read-Answer reads an answer and leaves it in $state.answer, unless it is none to this request, or none of now.
function Read-Answer($file, $id, $question) {
    $answer = $null
    $made = $null
    if ((Get-Item -LiteralPath $file).Length -le 2000000) {
        try {
            $answer = ConvertFrom-Json -InputObject "$(Get-Content -LiteralPath $file -Raw)"
            if ("$($answer.made)" -match '^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d{1,7})?Z$') { $made = ConvertTo-Utc $answer.made }
        } catch {
            $answer = $null
        }
    }
    if ($null -eq $made -or "$($answer.v)" -ne '1') {
        Out-NoBridge 'bridge_garbled' 'the answer is not one of the bridge'
        return
    }
    if ("$($answer.id)" -cne $id -or "$($answer.question)" -cne $question) {
        Out-NoBridge 'bridge_foreign' 'the answer belongs to another request'
        return
    }
    $age = ([DateTime]::UtcNow - $made).TotalSeconds
    if ($age -gt $state.oldest -or $age -lt -$state.oldest) {
        Out-NoBridge 'bridge_stale' 'the answer is not of now'
        return
    }
    if ($answer.ok -isnot [bool] -or -not $answer.ok) {
        $code = 'bridge_failed'
        if ("$($answer.code)" -eq 'access_denied') { $code = 'bridge_rights' }
        Out-NoBridge $code "$($answer.message)"
        return
    }
    if ($answer.complete -eq $false) { Out-NoBridge 'bridge_cut' 'there were too many runs: the oldest are left out' }
    $state.answer = $answer
}
# Invoke-Bridge puts a question, whose values are of our own types, and leaves the answer in $state.answer.
function Invoke-Bridge($question) {
    $state.answer = $null
    Find-Task
    if ($state.found -eq '') { return }
    $id = "$(New-Guid)"
    $question.id = $id
    $requests = "$($state.place)\requests"
    $file = "$($state.place)\answers\$id.json"
    try {
        $null = New-Item -Path $requests -Name "$id.json" -ItemType File -Value (ConvertTo-Json -InputObject $question -Compress)
        Out-Beat 'Start-ScheduledTask'
        Start-ScheduledTask -TaskName $state.task -TaskPath '\'
        Wait-Answer $file
        if (Test-Path -LiteralPath $file) {
            Read-Answer $file $id $question.question
        } else {
            Out-NoBridge 'bridge_silent' "no answer within $($state.patience) s"
        }
    } catch {
        Out-NoBridge (Get-BridgeCode $_) (Format-Message $_)
    }
    # What the task has taken is gone already.
    Remove-Item -LiteralPath "$requests\$id.json" -Force -ErrorAction SilentlyContinue
}
# Read-BridgeThreshold asks for the deletion threshold. Without an answer it is simply not known.
function Read-BridgeThreshold($deletes) {
    $state.quiet = $true
    Invoke-Bridge @{ question = 'threshold' }
    $state.quiet = $false
    if ($null -eq $state.answer -or $state.answer.threshold.prevention -isnot [int] -or $state.answer.threshold.count -isnot [int]) { return }
    $deletes.prevented = $state.answer.threshold.prevention -ne 0
    $deletes.threshold = $state.answer.threshold.count
    $deletes.readable = $true
}
# ConvertTo-Error is an error of an object as the run history lists it: with dates.
function ConvertTo-Error($item) {
    @{
        ErrorType = "$($item.ErrorType)"; ObjectDn = "$($item.ObjectDn)"; ObjectDisplayName = "$($item.ObjectDisplayName)"; CdError = "$($item.CdError)"
        RetryCount = $item.RetryCount; FirstOccurred = (ConvertTo-Utc $item.FirstOccurred); DateOccurred = (ConvertTo-Utc $item.DateOccurred)
    }
}
function ConvertTo-Step($step) {
    $copy = @{}
    foreach ($property in $step.PSObject.Properties) { $copy[$property.Name] = $property.Value }
    $copy.SyncErrors = @{ SyncErrorsList = @(foreach ($item in @($step.SyncErrors.SyncErrorsList)) { if ($null -ne $item) { ConvertTo-Error $item } }) }
    $copy.ConnectorDiscoveryErrors = @{ ConnectorDiscoveryErrorsList = @(foreach ($item in @($step.ConnectorDiscoveryErrors.ConnectorDiscoveryErrorsList)) { if ($null -ne $item) { ConvertTo-Error $item } }) }
    $copy.MvRetryErrors = @{ MvRetryErrorsList = @(foreach ($item in @($step.MvRetryErrors.MvRetryErrorsList)) { if ($null -ne $item) { ConvertTo-Error $item } }) }
    $copy
}
# ConvertTo-Run is a run as Get-ADSyncRunProfileResult shows it.
function ConvertTo-Run($run) {
    $steps = $null
    if ($null -ne $run.RunStepResults) { $steps = @(foreach ($step in @($run.RunStepResults)) { ConvertTo-Step $step }) }
    @{
        RunHistoryId = "$($run.RunHistoryId)"; ConnectorId = "$($run.ConnectorId)"; ConnectorName = "$($run.ConnectorName)"
        RunProfileName = "$($run.RunProfileName)"; RunNumber = $run.RunNumber; IsRunComplete = $run.IsRunComplete; Result = "$($run.Result)"
        StartDate = (ConvertTo-Utc $run.StartDate); EndDate = (ConvertTo-Utc $run.EndDate); RunStepResults = $steps
    }
}
# Read-Bridge reads the run history through the bridge. It sets runs and source as Read-Direct does, or leaves them alone;
# why not goes to unreadable unless something stands there.
function Read-Bridge($since, $most, $road) {
    $state.expected = $road -eq 'bridge'
    Invoke-Bridge @{ question = 'history'; since = (Format-Utc $since); most = $most }
    if ($null -eq $state.answer) { return }
    try {
        $runs = @(foreach ($run in @($state.answer.runs)) { if ($null -ne $run) { ConvertTo-Run $run } })
    } catch {
        Out-NoBridge 'bridge_garbled' 'the runs in the answer are not understood'
        return
    }
    $state.runs = $runs
    $state.source = 'bridge'
}
