# csexport.exe, which reads a connector space by a road that works in a network logon. It writes a file that holds names of
# people: the file is read here, and deleted in any case.
$state.exporter = "$($state.bin)\csexport.exe"
# Get-Part is the text of an attribute or child element, in whichever of the nodes it stands.
function Get-Part($nodes, $name) {
    foreach ($node in $nodes) {
        foreach ($part in @($node.$name)) {
            if ($part -is [string] -and $part -ne '') { return $part }
            if ("$($part.'#text')" -ne '') { return "$($part.'#text')" }
        }
    }
    ''
}
# Format-Moment reads a date of the tool's, which is UTC; nothing for what is no date.
function Format-Moment($text) {
    if ("$text" -eq '') { return '' }
    try { Format-Utc ([DateTime]"$text") } catch { '' }
}
# Get-Label is how people call an object: the distinguished names of the connector to Entra ID say nothing to them.
function Get-Label($object) {
    foreach ($name in 'userPrincipalName', 'displayName') {
        foreach ($image in 'unapplied-export-hologram', 'synchronized-hologram', 'pending-import-hologram') {
            foreach ($attribute in @($object.$image.entry.attr)) {
                if ("$($attribute.name)" -eq $name) { return (Get-Part @($attribute) 'value') }
            }
        }
    }
    ''
}
# Read-ObjectError reads one object: what it is called, and the details of its last error. Entra ID's own name of the error
# says more than the engine's type.
function Read-ObjectError($object, $kind) {
    $detail = $object."$kind-errordetail"
    $status = $detail."$kind-status"
    $nodes = @($detail, $detail."$kind-error", $status)
    $deep = @($status.'cd-error', $detail."$kind-error".'cd-error', $detail.'cd-error', $status.'extension-error-info')
    $type = Get-Part $deep 'error-name'
    if ($type -eq '') { $type = Get-Part $nodes 'error-type' }
    $retries = -1
    $counted = Get-Part $nodes 'retry-count'
    if ($counted -match '^\d{1,9}$') { $retries = [int]$counted }
    @{
        type = $type; dn = "$($object.'cs-dn')"; name = (Get-Label $object); retries = $retries
        first = (Format-Moment (Get-Part $nodes 'first-occurred')); last = (Format-Moment (Get-Part $nodes 'date-occurred'))
        detail = (Format-Short (Get-Part $deep 'error-literal'))
    }
}
function Out-Unread($connector, $kind, $message) {
    Out-Line @{ t = 'objects'; connector = $connector; kind = $kind; source = 'csexport'; readable = $false; count = 0; types = @(); message = $message }
}
# Read-Export runs the tool once, for as long as there is time, and reads its file unless it is too large for that.
function Read-Export($connector, $kind, $filter, $until) {
    $left = [int]($until - [DateTime]::UtcNow).TotalSeconds
    if ($left -lt 1) {
        Out-Unread $connector $kind 'the time was up'
        return
    }
    Out-Beat 'csexport'
    $file = "$env:TEMP\adsyncbot-$([guid]::NewGuid()).xml"
    try {
        $process = Start-Process -FilePath $state.exporter -ArgumentList "`"$connector`"", "`"$file`"", $filter -NoNewWindow -PassThru -RedirectStandardOutput "$file.txt"
        Wait-Process -InputObject $process -Timeout $left -ErrorAction SilentlyContinue
        if (-not $process.HasExited) {
            Out-Unread $connector $kind 'the time was up'
            return
        }
        if (-not (Test-Path -LiteralPath $file)) {
            Out-Unread $connector $kind (Format-Short (Get-Content -LiteralPath "$file.txt" -TotalCount 20))
            return
        }
        if ((Get-Item -LiteralPath $file).Length -gt 16000000) {
            Out-Unread $connector $kind 'there is more than can be read here'
            return
        }
        $found = @(Select-Xml -LiteralPath $file -XPath '//cs-object' | ForEach-Object { Read-ObjectError $_.Node $kind })
        Out-Objects $connector $kind 'csexport' $found
    } catch {
        Out-Unread $connector $kind (Format-Message $_)
    } finally {
        if ($null -ne $process -and -not $process.HasExited) { Stop-Process -InputObject $process -Force -ErrorAction SilentlyContinue }
        Remove-Item -LiteralPath $file, "$file.txt" -Force -ErrorAction SilentlyContinue
    }
}
# Read-Exports asks every connector, the one to Entra ID first. What an earlier script left behind because it was killed
# is cleared away.
function Read-Exports($until) {
    Get-ChildItem -Path "$env:TEMP\adsyncbot-*.xml*" -ErrorAction SilentlyContinue |
        Where-Object { $_.LastWriteTime -lt (Get-Date).AddHours(-1) } | Remove-Item -Force -ErrorAction SilentlyContinue
    $names = @($state.connectors | Where-Object { $_.id -eq 'b891884f-051e-4a83-95af-2544101c9083' } | ForEach-Object { $_.name })
    $names += @($state.connectors | Where-Object { $names -notcontains $_.name } | ForEach-Object { $_.name })
    foreach ($name in $names) {
        if (-not (Test-Path -LiteralPath $state.exporter)) {
            Out-Unread $name 'export' 'csexport.exe is not there'
        } elseif ($name.Contains('"')) {
            Out-Unread $name 'export' 'its name cannot be told to csexport.exe'
        } else {
            Read-Export $name 'export' '/f:e' $until
            Read-Export $name 'import' '/f:i' $until
        }
    }
}
