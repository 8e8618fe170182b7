# The Application log: what the scheduler and the engine wrote.
$state.cycles = 'Import/Sync/Export cycle (started|completed)|Started a new sync cycle run'
$state.steps = "$($state.cycles)|Execute RunProfile|overridden to do a Full|Could not execute run profile|Run profile '.*' not found"
# Of Directory Synchronization, 904 to 906 are what its tracer writes everything as; the text decides. The list stays
# below the 22 alternatives that one query of the event log may have.
$state.traced = 904, 905, 906
$state.wanted = $state.traced + (95, 106, 107, 108, 109, 112, 113, 116, 118, 129, 611, 652, 655, 1000, 1014)
# Get-Message is an event's text; without its message table Windows has only the parts it was made of.
function Get-Message($record) {
    $text = "$($record.Message)"
    if ($text -eq '') { $text = "$($record.Properties | ForEach-Object { $_.Value })" }
    if ($text.Length -gt 4000) { $text = $text.Substring(0, 4000) }
    $text
}
# Test-Event keeps what the verdict's table may know. 6201 to 6231 are the start of the service and its keys.
function Test-Event($record, $pattern) {
    if ($record.ProviderName -eq 'ADSync') {
        if ($record.Id -lt 6000 -or $record.Id -gt 6999) { return $false }
        return $record.Id -lt 6201 -or $record.Id -gt 6231 -or $record.Level -eq 2
    }
    if ($state.traced -contains $record.Id) { return (Get-Message $record) -match $pattern }
    $true
}
# Get-Source reads one source, oldest first or newest first. Nothing found, and a source that this server has not got,
# are no failures.
function Get-Source($filter, $newest) {
    try {
        if ($newest) { Get-WinEvent -FilterHashtable $filter } else { Get-WinEvent -FilterHashtable $filter -Oldest }
    } catch {
        if ("$($_.FullyQualifiedErrorId)" -notmatch 'NoMatchingEventsFound|NoMatchingProvidersFound|LogsAndProvidersDontOverlap') { throw }
    }
}
# Get-CycleEvent finds when cycles began and ended, newest first.
function Get-CycleEvent($since) {
    $filter = @{ LogName = 'Application'; ProviderName = 'Directory Synchronization'; Id = $state.traced; StartTime = $since }
    Get-Source $filter $true | Where-Object { (Get-Message $_) -match $state.cycles }
}
# Out-Event writes events in the order of their records, and then how many they were. Of too many the oldest are kept.
function Out-Event($found) {
    $found = @($found | Sort-Object -Property RecordId)
    $most = 500
    foreach ($record in ($found | Select-Object -First $most)) {
        $level = 'Information'
        if ($record.Level -eq 3) { $level = 'Warning' }
        if ($record.Level -eq 1 -or $record.Level -eq 2) { $level = 'Error' }
        Out-Line @{
            t = 'event'
            source = "$($record.ProviderName)"
            id = [int]$record.Id
            level = $level
            at = (Format-Utc $record.TimeCreated)
            record = [long]$record.RecordId
            message = (Get-Message $record)
        }
    }
    $count = $found.Count
    if ($count -gt $most) { $count = $most }
    Out-Line @{ t = 'events'; count = $count; truncated = ($found.Count -gt $most); at = [DateTime]::UtcNow.ToString('o') }
}
# Read-Event reads both sources.
function Read-Event($since, $after) {
    Out-Beat 'Get-WinEvent'
    try {
        $synchronization = @{ LogName = 'Application'; ProviderName = 'Directory Synchronization'; Id = $state.wanted; StartTime = $since }
        $engine = @{ LogName = 'Application'; ProviderName = 'ADSync'; StartTime = $since }
        $found = @(foreach ($filter in $synchronization, $engine) {
            Get-Source $filter $false |
                Where-Object { $_.RecordId -gt $after -and (Test-Event $_ $state.steps) } |
                Select-Object -First 501
        })
        Out-Event $found
    } catch {
        Out-Problem 'Get-WinEvent' $_
    }
}
