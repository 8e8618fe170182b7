# adsyncbot bridge: the worker. Windows' task scheduler runs it with the rights of one account, which is no administrator
# but may look at the synchronization engine in a local logon. It answers requests that the bot puts into the folder
# "requests", in the folder "answers", and ends. It can do nothing else: there are two questions, and no request says
# what to run. It works in Constrained Language, too.
$ErrorActionPreference = 'Stop'
$ProgressPreference = 'SilentlyContinue'
$requests = Join-Path $PSScriptRoot 'requests'
$answers = Join-Path $PSScriptRoot 'answers'
$isName = '^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}\.(json|tmp)$'
$isTime = '^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d{1,7})?Z$'
$mostAtOnce = 8         # requests that one run of the task answers
$mostFiles = 200        # files that one run looks at; there is no reason for that many
$mostRequest = 1024     # bytes of a request
$mostAnswer = 1000000   # characters of an answer; 5.1 cannot read JSON of twice that
$oldest = 120           # seconds that a request, or an answer, is of use
$begin = [DateTime]::UtcNow
$engine = @{ module = '' }
# Write-Log writes to the Application log. What a request says is never part of it: a text in a log must not be able to
# imitate the log. A log that cannot be written stops nothing.
function Write-Log($id, $level, $message) {
    try {
        Write-EventLog -LogName Application -Source 'adsyncbot-bridge' -EventId $id -EntryType $level -Message $message
    } catch {
        $engine.log = "$_"
    }
}
# Test-Folder sees whether a folder is still what the installation has made. An empty folder can be turned into a link to
# another place by whoever may write there; the file that lies in each of ours, and that the bot's account cannot
# remove, keeps them from being empty.
function Test-Folder($path) {
    $item = Get-Item -LiteralPath $path -Force
    if ("$($item.Attributes)" -match 'ReparsePoint') { return $false }
    Test-Path -LiteralPath (Join-Path $path 'keep.txt') -PathType Leaf
}
# Remove-File removes a file and says whether it is gone. One that cannot be removed must not stop the others.
function Remove-File($path) {
    try { Remove-Item -LiteralPath $path -Force } catch { $engine.left = "$_" }
    -not (Test-Path -LiteralPath $path)
}
# Remove-Old clears what is in a folder and too old to be of use.
function Remove-Old($path) {
    foreach ($file in @(Get-ChildItem -LiteralPath $path -File -Force | Select-Object -First $mostFiles)) {
        if ($file.Name -cnotmatch $isName) { continue }
        if (($begin - $file.LastWriteTimeUtc).TotalSeconds -le $oldest) { continue }
        $null = Remove-File $file.FullName
    }
}
# Read-Text reads a request, no more of it than a request can be, and nothing that is not plain text.
function Read-Text($path) {
    $bytes = @(Get-Content -LiteralPath $path -Encoding Byte -TotalCount ($mostRequest + 1))
    if ($bytes.Count -gt $mostRequest) { throw 'too_large' }
    foreach ($byte in $bytes) {
        if ($byte -lt 32 -or $byte -gt 126) { throw 'not_text' }
    }
    -join [char[]]$bytes
}
# Test-Keys: an object with exactly these keys.
function Test-Keys($object, $keys) {
    $found = @($object.PSObject.Properties | ForEach-Object { $_.Name })
    if ($found.Count -ne $keys.Count) { return $false }
    foreach ($key in $keys) {
        if ($found -cnotcontains $key) { return $false }
    }
    $true
}
# Read-Request returns a request that may be answered, or throws the word for why it may not.
function Read-Request($text, $id) {
    try { $request = ConvertFrom-Json -InputObject $text } catch { throw 'not_json' }
    if ($text -notmatch '^\s*\{' -or $null -eq $request) { throw 'not_json' }
    if (-not ($request.id -is [string]) -or $request.id -cne $id) { throw 'other_id' }
    if (-not ($request.question -is [string])) { throw 'question' }
    if ($request.question -ceq 'threshold') {
        if (-not (Test-Keys $request ('id', 'question'))) { throw 'keys' }
        return @{ question = 'threshold' }
    }
    if ($request.question -cne 'history') { throw 'question' }
    if (-not (Test-Keys $request ('id', 'question', 'since', 'most'))) { throw 'keys' }
    if (-not ($request.most -is [int]) -or $request.most -lt 1 -or $request.most -gt 200) { throw 'most' }
    if (-not ($request.since -is [string])) { throw 'since' }
    $since = $null
    if ($request.since -cne '') {
        if ($request.since -cnotmatch $isTime) { throw 'since' }
        try { $since = ([DateTime]$request.since).ToUniversalTime() } catch { throw 'since' }
        if ($since -gt $begin.AddHours(1)) { throw 'since' }
    }
    @{ question = 'history'; since = $since; most = $request.most }
}
# Format-Utc writes a date. ADSync hands out UTC dates whose Kind is Unspecified, and 0001-01-01 for none.
function Format-Utc($date) {
    if ($null -eq $date -or $date.Year -le 1) { return '' }
    if ("$($date.Kind)" -eq 'Unspecified') { $date = [DateTime]::SpecifyKind($date, 'Utc') }
    $date.ToUniversalTime().ToString('o')
}
function Format-Short($text, $length) {
    $text = "$text".Trim() -replace '\s+', ' '
    if ($text.Length -gt $length) { $text = $text.Substring(0, $length) }
    $text
}
# Import-Engine loads ADSync from where Entra Connect installs it: what else is called so is not looked for.
function Import-Engine {
    if ($engine.module -ne '') { return }
    Import-Module -Name 'C:\Program Files\Microsoft Azure AD Sync\Bin\ADSync\ADSync.psd1'
    $engine.module = 'path'
}
function Format-Errors($list) {
    @(foreach ($item in @($list)) {
        if ($null -eq $item) { continue }
        $retries = -1
        if ($null -ne $item.RetryCount) { $retries = [int]$item.RetryCount }
        @{
            ErrorType = (Format-Short $item.ErrorType 100)
            ObjectDn = (Format-Short $item.ObjectDn 400)
            ObjectDisplayName = (Format-Short $item.ObjectDisplayName 200)
            FirstOccurred = (Format-Utc $item.FirstOccurred)
            DateOccurred = (Format-Utc $item.DateOccurred)
            RetryCount = $retries
            CdError = (Format-Short $item.CdError 400)
        }
    })
}
function Format-Step($step) {
    $row = @{ StepNumber = [int]$step.StepNumber; StepResult = "$($step.StepResult)" }
    foreach ($name in 'StageNoChange', 'StageAdd', 'StageUpdate', 'StageRename', 'StageDelete', 'StageDeleteAdd', 'StageFailure',
        'FlowFailure', 'ExportAdd', 'ExportUpdate', 'ExportRename', 'ExportDelete', 'ExportDeleteAdd', 'ExportFailure') {
        $row[$name] = [int]$step.$name
    }
    $row.SyncErrors = @{ SyncErrorsList = @(Format-Errors $step.SyncErrors.SyncErrorsList) }
    $row.ConnectorDiscoveryErrors = @{ ConnectorDiscoveryErrorsList = @(Format-Errors $step.ConnectorDiscoveryErrors.ConnectorDiscoveryErrorsList) }
    $row.MvRetryErrors = @{ MvRetryErrorsList = @(Format-Errors $step.MvRetryErrors.MvRetryErrorsList) }
    $row
}
# Read-History returns the newest runs, those before a time left out, newest first.
function Read-History($since, $most) {
    foreach ($run in @(Get-ADSyncRunProfileResult -NumberRequested $most -RunStepDetails)) {
        if ($null -ne $since -and [DateTime]::SpecifyKind($run.StartDate, 'Utc') -lt $since) { continue }
        # Without details is not the same as details of nothing.
        $steps = $null
        if ($null -ne $run.RunStepResults) { $steps = @(foreach ($step in @($run.RunStepResults)) { Format-Step $step }) }
        @{
            RunHistoryId = "$($run.RunHistoryId)"
            ConnectorId = "$($run.ConnectorId)"
            ConnectorName = "$($run.ConnectorName)"
            RunProfileName = "$($run.RunProfileName)"
            RunNumber = [int]$run.RunNumber
            IsRunComplete = [bool]$run.IsRunComplete
            Result = "$($run.Result)"
            StartDate = (Format-Utc $run.StartDate)
            EndDate = (Format-Utc $run.EndDate)
            RunStepResults = $steps
        }
    }
}
# Read-Threshold reads the deletion threshold.
function Read-Threshold {
    $found = Get-ADSyncExportDeletionThreshold
    @{ prevention = [int]$found.DeletionPrevention; count = [int]$found.ThresholdCount; percentage = [int]$found.ThresholdPercentage }
}
# Get-ProblemCode goes by kinds and identifiers: Windows' own texts are in the server's language.
function Get-ProblemCode($problem) {
    $text = "$($problem.Exception.Message) $($problem.FullyQualifiedErrorId)"
    $kind = "$($problem.CategoryInfo.Category)"
    if ($text -match 'net\.pipe:') { return 'pipe' }
    if ($problem.Exception -is [UnauthorizedAccessException] -or $kind -eq 'PermissionDenied') { return 'access_denied' }
    if ($text -match 'UnauthorizedAccess|Access Denied|Access is denied|required Sync role|insufficient privileges') { return 'access_denied' }
    if ($kind -eq 'ObjectNotFound' -or $kind -eq 'ResourceUnavailable') { return 'not_found' }
    'other'
}
# Format-Message is the first line of an error. ADSync puts the exception's type before it and a stack trace after.
function Format-Message($problem) {
    $text = "$($problem.Exception.Message)" -replace '^\s*([\w.]+Exception:\s+)+', ''
    Format-Short "$(($text.Trim() -split '[\r\n]+')[0])" 500
}
# ConvertTo-Text writes plain ASCII, so that no code page can spoil it.
function ConvertTo-Text($answer) {
    $text = ConvertTo-Json -InputObject $answer -Compress -Depth 8
    while ($text -cmatch '[^\x20-\x7e]') {
        $text = $text.Replace($Matches[0], ('\u{0:x4}' -f [int][char]$Matches[0]))
    }
    $text
}
# Write-Answer writes an answer under another name first: a file that has its name is whole.
function Write-Answer($id, $text) {
    $draft = Join-Path $answers "$id.tmp"
    Set-Content -LiteralPath $draft -Value $text -Encoding ASCII
    Rename-Item -LiteralPath $draft -NewName "$id.json"
}
# Get-Answer asks the engine. Of too many runs the oldest are left out, and the answer says so.
function Get-Answer($id, $request) {
    $answer = @{ v = 1; id = $id; question = $request.question; ok = $false; code = ''; message = ''; complete = $true }
    try {
        Import-Engine
        if ($request.question -eq 'threshold') {
            $answer.threshold = Read-Threshold
        } else {
            $answer.runs = @(Read-History $request.since $request.most)
        }
        $answer.ok = $true
    } catch {
        $answer.code = Get-ProblemCode $_
        $answer.message = Format-Message $_
    }
    $answer.made = [DateTime]::UtcNow.ToString('o')
    $text = ConvertTo-Text $answer
    while ($text.Length -gt $mostAnswer -and $answer.runs.Count -gt 1) {
        $answer.runs = @($answer.runs | Select-Object -First ($answer.runs.Count -shr 1))
        $answer.complete = $false
        $text = ConvertTo-Text $answer
    }
    if ($text.Length -gt $mostAnswer) {
        $answer.runs = @()
        $answer.ok = $false
        $answer.code = 'too_large'
        $text = ConvertTo-Text $answer
    }
    @{ ok = $answer.ok; code = $answer.code; text = $text }
}
# Invoke-Request reads one request, removes it whatever it is, and answers it.
function Invoke-Request($file) {
    $id = "$($file.Name)" -replace '\.json$', ''
    $problem = ''
    try {
        if ("$($file.Attributes)" -match 'ReparsePoint') { throw 'link' }
        $text = Read-Text $file.FullName
        $request = Read-Request $text $id
    } catch {
        $problem = "$($_.Exception.Message)"
        if ($problem -cnotmatch '^[a-z_]{1,20}$') { $problem = 'unreadable' }
    }
    if (-not (Remove-File $file.FullName)) { $problem = 'not_removable' }
    if ($problem -ne '') {
        Write-Log 1001 'Warning' "Request $id was refused: $problem."
        return
    }
    $answer = Get-Answer $id $request
    Write-Answer $id $answer.text
    if ($answer.ok) {
        Write-Log 1000 'Information' "Request $id ($($request.question)) was answered."
    } else {
        Write-Log 1002 'Warning' "Request $id ($($request.question)) could not be answered: $($answer.code)."
    }
}
# Invoke-Round takes what lies there, and returns how many it has answered or refused.
function Invoke-Round($most) {
    $taken = 0
    $unread = 0
    $foreign = 0
    foreach ($file in @(Get-ChildItem -LiteralPath $requests -File -Force | Select-Object -First $mostFiles)) {
        if ($file.Name -ceq 'keep.txt') { continue }
        if ($file.Name -cnotmatch $isName -or $file.Name -cnotmatch '\.json$') {
            $foreign++
            $null = Remove-File $file.FullName
            continue
        }
        if ($taken -ge $most -or ($begin - $file.LastWriteTimeUtc).TotalSeconds -gt $oldest) {
            $unread++
            $null = Remove-File $file.FullName
            continue
        }
        $taken++
        Invoke-Request $file
    }
    if ($foreign -gt 0) { Write-Log 1001 'Warning' "$foreign files that are no requests were removed from the folder for requests." }
    if ($unread -gt 0) { Write-Log 1001 'Warning' "$unread requests were removed unread: too old, or too many at once." }
    $taken
}
try {
    if (-not (Test-Folder $requests) -or -not (Test-Folder $answers)) {
        Write-Log 1003 'Error' 'A folder of the bridge is not what the installation has made: nothing was done. Run the installation again.'
        exit 3
    }
    Remove-Old $answers
    # What arrives while a request is answered belongs to this run: a second start meanwhile is ignored.
    $left = $mostAtOnce
    while ($left -gt 0 -and ([DateTime]::UtcNow - $begin).TotalSeconds -lt 60) {
        $taken = Invoke-Round $left
        if ($taken -eq 0) { break }
        $left -= $taken
    }
    exit 0
} catch {
    Write-Log 1003 'Error' "The worker failed: $(Format-Message $_)"
    exit 4
}
