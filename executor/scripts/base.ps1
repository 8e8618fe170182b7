# Opens every script: how it stops, what it was given, and how a line leaves the server.
$ErrorActionPreference = 'Stop'
$ProgressPreference = 'SilentlyContinue'
$order = ConvertFrom-Json -InputObject $json
# One table for what functions have to remember: a function may change its entries from its own scope.
$state = @{ lines = 0; mode = "$($ExecutionContext.SessionState.LanguageMode)"; running = $null; problems = @{} }
# Out-Line writes one object as one line of ASCII. ConvertTo-Json of 5.1 leaves characters beyond ASCII alone, and the
# console's code page would spoil them. The comparison must be case-sensitive: ignoring case, the Kelvin sign is a k.
function Out-Line($fields) {
    $text = ConvertTo-Json -InputObject $fields -Compress -Depth 4
    while ($text -cmatch '[^\x20-\x7e]') {
        $text = $text.Replace($Matches[0], ('\u{0:x4}' -f [int][char]$Matches[0]))
    }
    $state.lines++
    $text
}
# Out-Beat says what is done next, before anything that may be slow.
function Out-Beat($doing) {
    Out-Line @{ t = 'beat'; doing = $doing }
}
# Format-Utc writes a date. ADSync hands out UTC dates whose Kind is Unspecified, and 0001-01-01 for none.
function Format-Utc($date) {
    if ($null -eq $date) { return '' }
    if ($date.Year -le 1) { return '' }
    if ("$($date.Kind)" -eq 'Unspecified') { $date = [DateTime]::SpecifyKind($date, 'Utc') }
    $date.ToUniversalTime().ToString('o')
}
# ConvertTo-Utc reads a date of ours.
function ConvertTo-Utc($text) {
    if ("$text" -eq '') { return $null }
    ([DateTime]$text).ToUniversalTime()
}
# Format-Message is the first line of an error. ADSync puts the exception's type before it and a stack trace after.
function Format-Message($problem) {
    $text = "$($problem.Exception.Message)" -replace '^\s*([\w.]+Exception:\s+)+', ''
    $text = "$(($text.Trim() -split '[\r\n]+')[0])"
    if ($text.Length -gt 1000) { $text = $text.Substring(0, 1000) }
    $text
}
# Get-ProblemCode goes by kinds and identifiers first: Windows' own texts are in the server's language.
function Get-ProblemCode($problem) {
    $text = "$($problem.Exception.Message) $($problem.FullyQualifiedErrorId)"
    $kind = "$($problem.CategoryInfo.Category)"
    if ($text -match 'net\.pipe:') { return 'pipe' }
    if ($problem.Exception -is [UnauthorizedAccessException] -or $kind -eq 'PermissionDenied') { return 'access_denied' }
    if ($text -match 'UnauthorizedAccess|Access Denied|Access is denied|required Sync role|insufficient privileges') { return 'access_denied' }
    if ($kind -eq 'ObjectNotFound' -or $kind -eq 'ResourceUnavailable') { return 'not_found' }
    'other'
}
# Out-Problem tells a failure that the script can live with; the same one only once.
function Out-Problem($doing, $problem) {
    $message = Format-Message $problem
    if ($state.problems.ContainsKey("$doing $message")) { return }
    $state.problems["$doing $message"] = $true
    Out-Line @{ t = 'problem'; doing = $doing; code = (Get-ProblemCode $problem); message = $message }
}
Out-Line @{
    t = 'clock'
    utc = [DateTime]::UtcNow.ToString('o')
    computer = "$env:COMPUTERNAME"
    culture = "$((Get-Culture).Name)"
    language_mode = $state.mode
    ps = "$($PSVersionTable.PSVersion)"
    x64 = ("$env:PROCESSOR_ARCHITECTURE" -ne 'x86')
}
