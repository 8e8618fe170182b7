# The cmdlets of Windows that scripts use, and the connection to the model, which knows all answers.
enum ServiceControllerStatus { Stopped = 1; StartPending = 2; StopPending = 3; Running = 4; ContinuePending = 5; PausePending = 6; Paused = 7 }
enum TaskState { Unknown = 0; Disabled = 1; Queued = 2; Ready = 3; Running = 4 }
class EndpointNotFoundException : System.InvalidOperationException {
    EndpointNotFoundException([string]$message) : base($message) {}
}
$ErrorActionPreference = 'Stop'
$token = $env:ADSYNC_MODEL_TOKEN
$name, $port = $env:ADSYNC_MODEL -split ':'
$client = New-Object System.Net.Sockets.TcpClient $name, ([int]$port)
$stream = $client.GetStream()
$reader = New-Object System.IO.StreamReader $stream
$writer = New-Object System.IO.StreamWriter $stream
$writer.AutoFlush = $true
$env:ADSYNC_MODEL = $env:ADSYNC_MODEL_TOKEN = $null
# Invoke-Model asks one question. A failure is an error record that the caller's cmdlet throws as its own.
function Invoke-Model($call, $arguments = @{}) {
    $writer.WriteLine((ConvertTo-Json -Compress -Depth 4 -InputObject @{ token = $token; call = $call; arguments = $arguments }))
    $line = $reader.ReadLine()
    if ($null -eq $line) { throw 'the model is gone' }
    $answer = ConvertFrom-Json -InputObject $line
    if ($null -ne $answer.error) {
        $type = "$($answer.error.type)" -as [type]
        if ("$($answer.error.type)" -match 'EndpointNotFoundException$') { $type = [EndpointNotFoundException] }
        if ($null -eq $type) { $type = [System.Exception] }
        throw (New-Object System.Management.Automation.ErrorRecord ($type::new($answer.error.message)), $answer.error.id, $answer.error.category, $null)
    }
    # Written one by one, as a cmdlet does; nothing at all for null.
    foreach ($value in $answer.value) { $value }
}
# Write-Failure is how a cmdlet reports what does not stop it: the caller's preference decides, not this module's.
function Write-Failure($cmdlet, $problem) {
    $preference = "$($cmdlet.GetVariableValue('ErrorActionPreference'))"
    if ($cmdlet.MyInvocation.BoundParameters.ContainsKey('ErrorAction')) {
        $preference = "$($cmdlet.MyInvocation.BoundParameters['ErrorAction'])"
    }
    if ($preference -eq 'Stop') { $cmdlet.ThrowTerminatingError($problem) }
    $ErrorActionPreference = $preference
    $cmdlet.WriteError($problem)
}
# ConvertFrom-Time makes a DateTime of that kind: Local as the event log has it, Unspecified as ADSync has it.
function ConvertFrom-Time($text, $kind) {
    $utc = [DateTime]::Parse($text, [Globalization.CultureInfo]::InvariantCulture, 'RoundtripKind')
    if ($kind -eq 'Local') { return $utc.ToLocalTime() }
    [DateTime]::SpecifyKind($utc, $kind)
}
function Get-SimulatedUtcNow { ConvertFrom-Time (Invoke-Model 'Get-Date') 'Utc' }
function Get-Date {
    [CmdletBinding()] param()
    ConvertFrom-Time (Invoke-Model 'Get-Date') 'Local'
}
function Start-Sleep {
    [CmdletBinding()] param([Parameter(Position = 0)][double]$Seconds, [int]$Milliseconds)
    Invoke-Model 'Start-Sleep' @{ milliseconds = [long]($Seconds * 1000 + $Milliseconds) }
    if ($bridge.started) { Write-Bridged }
}
# The scheduled task of the bridge: it takes the files in one folder and writes files into another. What it does with them,
# and when it is done, the model knows.
$bridge = @{ started = $false; folder = 'C:\Program Files\adsyncbot-bridge' }
function Write-Bridged {
    foreach ($file in Invoke-Model 'Bridged') {
        Set-Content -LiteralPath "$($bridge.folder)\answers\$($file.name)" -Value $file.text -Encoding ASCII
        Remove-Item -LiteralPath "$($bridge.folder)\requests\$($file.name)"
    }
}
function Get-ScheduledTask {
    [CmdletBinding()] param([string]$TaskName, [string]$TaskPath)
    try { $state = Invoke-Model 'Get-ScheduledTask' } catch {
        Write-Failure $PSCmdlet $_
        return
    }
    [pscustomobject]@{ PSTypeName = 'Microsoft.Management.Infrastructure.CimInstance#Root/Microsoft/Windows/TaskScheduler/MSFT_ScheduledTask'; TaskName = $TaskName; TaskPath = $TaskPath; State = [TaskState]$state }
}
function Start-ScheduledTask {
    [CmdletBinding()] param([string]$TaskName, [string]$TaskPath)
    $requests = @(Get-ChildItem -LiteralPath "$($bridge.folder)\requests" -File | ForEach-Object { @{ name = $_.Name; text = "$(Get-Content -LiteralPath $_.FullName -Raw)" } })
    try { Invoke-Model 'Start-ScheduledTask' @{ requests = $requests } } catch {
        Write-Failure $PSCmdlet $_
        return
    }
    $bridge.started = $true
}
# A module that a constrained script imports must itself keep full language, as a signed one does; so it is imported from here.
function Import-Module {
    [CmdletBinding()] param([Parameter(Position = 0, Mandatory = $true)][string[]]$Name)
    try { Microsoft.PowerShell.Core\Import-Module -Name $Name -Global } catch { Write-Failure $PSCmdlet $_ }
}
function Get-Service {
    [CmdletBinding()] param([Parameter(Position = 0)][string]$Name)
    $status = Invoke-Model 'Get-Service'
    if ($Name -eq 'ADSync' -and $status -ne 'Missing') {
        return [pscustomobject]@{ Status = [ServiceControllerStatus]$status; Name = 'ADSync'; DisplayName = 'Microsoft Azure AD Sync' }
    }
    Write-Failure $PSCmdlet (New-Object System.Management.Automation.ErrorRecord (
            [System.Exception]::new("Cannot find any service with service name '$Name'."), 'NoServiceFoundForGivenName', 'ObjectNotFound', $Name))
}
function Get-WinEvent {
    [CmdletBinding()] param(
        [Parameter(Mandatory = $true)][hashtable]$FilterHashtable,
        [long]$MaxEvents,
        [switch]$Oldest
    )
    $filter = @{ sources = @(); ids = @(); levels = @(); max = $MaxEvents; oldest = [bool]$Oldest }
    foreach ($key in $FilterHashtable.Keys) {
        $value = $FilterHashtable[$key]
        switch ($key) {
            'LogName' { if ("$value" -ne 'Application') { throw "there is no log $value here" } }
            'ProviderName' { $filter.sources = @($value) }
            'Id' { $filter.ids = @($value) }
            'Level' { $filter.levels = @($value) }
            'StartTime' { $filter.since = ([DateTime]$value).ToUniversalTime().ToString('o') }
            'EndTime' { $filter.until = ([DateTime]$value).ToUniversalTime().ToString('o') }
            default { throw "the filter's key $key is not simulated" }
        }
    }
    try { $found = @(Invoke-Model 'Get-WinEvent' $filter) } catch {
        Write-Failure $PSCmdlet $_
        return
    }
    $settings = Invoke-Model 'Settings'
    # Windows writes the level's name in the server's language.
    $levels = @{ 2 = 'Error'; 3 = 'Warning'; 4 = 'Information' }
    if ($settings.culture -like 'de*') { $levels = @{ 2 = 'Fehler'; 3 = 'Warnung'; 4 = 'Informationen' } }
    foreach ($record in $found) {
        [pscustomobject]@{
            PSTypeName = 'System.Diagnostics.Eventing.Reader.EventLogRecord'
            TimeCreated = ConvertFrom-Time $record.at 'Local'
            ProviderName = $record.source
            Id = [int]$record.id
            Level = [byte]$record.level
            LevelDisplayName = $levels[[int]$record.level]
            LogName = 'Application'
            MachineName = $settings.computer
            RecordId = [long]$record.record
            Message = $record.message
            Properties = @()
        }
    }
}
# The one program that scripts start: csexport.exe, which writes a file. It is over before anybody waits for it.
function Start-Process {
    [CmdletBinding()] param([string]$FilePath, [string[]]$ArgumentList, [switch]$NoNewWindow, [switch]$PassThru, [string]$RedirectStandardOutput)
    if ($FilePath -notlike '*\csexport.exe') { throw "$FilePath is not simulated" }
    $connector, $file, $filter = $ArgumentList | ForEach-Object { $_.Trim('"') }
    if (Test-Path -LiteralPath $file) { throw 'csexport.exe does not overwrite a file' }
    $done = Invoke-Model 'csexport.exe' @{ connector = $connector; filter = $filter }
    if ($done.xml -ne '') { Set-Content -LiteralPath $file -Value $done.xml -Encoding UTF8 }
    Set-Content -LiteralPath $RedirectStandardOutput -Value $done.output
    [pscustomobject]@{ PSTypeName = 'System.Diagnostics.Process'; Id = 4712; HasExited = $true; ExitCode = 0 }
}
function Wait-Process {
    [CmdletBinding()] param($InputObject, [int]$Timeout)
}
function Get-Process {
    [CmdletBinding()] param([Parameter(Position = 0)][string[]]$Name)
    $all = @(Invoke-Model 'Get-Process')
    foreach ($one in $Name) {
        if ($all -contains $one) {
            [pscustomobject]@{ PSTypeName = 'System.Diagnostics.Process'; ProcessName = $one; Id = 4711 }
            continue
        }
        Write-Failure $PSCmdlet (New-Object System.Management.Automation.ErrorRecord (
                [System.Exception]::new("Cannot find a process with the name `"$one`". Verify the process name and call the cmdlet again.")),
            'NoProcessFoundForGivenName', 'ObjectNotFound', $one)
    }
}
# whoami.exe /groups /fo csv [/nh].
function whoami {
    if ("$args" -notmatch '^/groups /fo csv( /nh)?$') { throw "whoami $args is not simulated" }
    if ($args -notcontains '/nh') { '"Group Name","Type","SID","Attributes"' }
    foreach ($group in Invoke-Model 'whoami.exe') {
        '"{0}","{1}","{2}","Mandatory group, Enabled by default, Enabled group"' -f $group.name, $group.type, $group.sid
    }
}
Set-Alias -Name whoami.exe -Value whoami
# A file's version is a property that PowerShell adds; the file that stands for miiserver.exe has its version as its text.
Update-TypeData -Force -TypeName System.IO.FileInfo -MemberType ScriptProperty -MemberName VersionInfo -Value {
    [pscustomobject]@{ FileVersion = (Get-Content -LiteralPath $this.FullName -TotalCount 1) }
}
Export-ModuleMember -Alias * -Function *
