# Objects that could not be synchronised.
$state.most = 200
# Out-Objects writes the errors of one kind on one connector, newest first, no more than a reader can use, and then
# how many there are of each type, so that nothing is lost by the limit.
function Out-Objects($connector, $kind, $source, $found) {
    $found = @($found | Sort-Object -Property { $_.first } -Descending)
    foreach ($one in ($found | Select-Object -First $state.most)) {
        Out-Line @{
            t = 'object'; connector = $connector; kind = $kind; type = $one.type; dn = $one.dn; name = $one.name
            first = $one.first; last = $one.last; retries = $one.retries; detail = $one.detail
        }
    }
    $types = @($found | Group-Object -Property { $_.type } | Sort-Object -Property Name | ForEach-Object { @{ type = "$($_.Name)"; count = [int]$_.Count } })
    Out-Line @{ t = 'objects'; connector = $connector; kind = $kind; source = $source; readable = $true; count = $found.Count; types = $types; message = '' }
}
# Format-Short is text of an object's error, which may be long and on many lines.
function Format-Short($text) {
    $text = "$text".Trim() -replace '\s+', ' '
    if ($text.Length -gt 400) { $text = $text.Substring(0, 400) }
    $text
}
# Format-Error is one error as the run history lists it.
function Format-Error($item) {
    $retries = -1
    if ($null -ne $item.RetryCount) { $retries = [int]$item.RetryCount }
    @{
        type = "$($item.ErrorType)"; dn = "$($item.ObjectDn)"; name = "$($item.ObjectDisplayName)"; retries = $retries
        first = (Format-Utc $item.FirstOccurred); last = (Format-Utc $item.DateOccurred); detail = (Format-Short $item.CdError)
    }
}
# Out-RunObjects writes the errors of one run. There is no list for an export's own: they stand among those of the
# synchronization, and the run's profile tells which they are.
function Out-RunObjects($run) {
    $kind = 'import'
    if ("$($run.RunProfileName)" -match 'Export$') { $kind = 'export' }
    $found = @(foreach ($step in $run.RunStepResults) {
        foreach ($item in @($step.SyncErrors.SyncErrorsList) + @($step.ConnectorDiscoveryErrors.ConnectorDiscoveryErrorsList) + @($step.MvRetryErrors.MvRetryErrorsList)) {
            if ($null -ne $item) { Format-Error $item }
        }
    })
    if ($found.Count -gt 0) { Out-Objects "$($run.ConnectorName)" $kind $state.source $found }
}
