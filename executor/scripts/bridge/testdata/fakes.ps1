# What Windows has and the test's machine has not. Each fake notes that it was called, and with what; the tasks and rights
# that were set are kept in memory and shown at the end of a script.
$global:fake = @{ log = $env:BRIDGE_TEST_LOG; tasks = @{}; rights = @{} }
function Write-Call($text) { Add-Content -LiteralPath $fake.log -Value $text -Encoding ASCII }
function whoami {
    $level = 'S-1-16-12288'
    if ($env:BRIDGE_TEST -match 'plain') { $level = 'S-1-16-8192' }
    "`"Mandatory Label`",`"Label`",`"$level`",`"`""
}
function New-Object {
    [CmdletBinding()] param([Parameter(Position = 0)][string]$TypeName, [object[]]$ArgumentList, [string]$ComObject)
    if ($ComObject -eq 'Schedule.Service') { return New-FakeService }
    if ($TypeName -eq 'System.Security.Principal.NTAccount') {
        $sids = @{ 'CORP\svc-adsync' = 'S-1-5-21-1-2-3-1101'; 'CORP\gmsa-adsync$' = 'S-1-5-21-1-2-3-1102'; 'CORP\admin' = 'S-1-5-21-1-2-3-1103'; 'NT AUTHORITY\SYSTEM' = 'S-1-5-18' }
        if (-not $sids.ContainsKey("$ArgumentList")) { throw 'Some or all identity references could not be translated.' }
        return Microsoft.PowerShell.Utility\New-Object PSObject -Property @{ sid = $sids["$ArgumentList"] } |
            Add-Member -PassThru -MemberType ScriptMethod -Name Translate -Value { Microsoft.PowerShell.Utility\New-Object PSObject -Property @{ Value = $this.sid } }
    }
    throw "New-Object $TypeName$ComObject is not faked"
}
function New-FakeService {
    $service = Microsoft.PowerShell.Utility\New-Object PSObject
    $service | Add-Member -MemberType ScriptMethod -Name Connect -Value { }
    $service | Add-Member -MemberType ScriptMethod -Name GetFolder -Value { $this }
    $service | Add-Member -MemberType ScriptMethod -Name GetTask -Value {
        Microsoft.PowerShell.Utility\New-Object PSObject -Property @{
            Definition = Microsoft.PowerShell.Utility\New-Object PSObject -Property @{
                RegistrationInfo = Microsoft.PowerShell.Utility\New-Object PSObject -Property @{ SecurityDescriptor = '' }
            }
            Name = "$($args[0])"; Rights = $fake.tasks["$($args[0])"].Rights
        } | Add-Member -PassThru -MemberType ScriptMethod -Name SetSecurityDescriptor -Value {
            Write-Call "task rights $($this.Name) flags $($args[1]) $($args[0])"
            if ($env:BRIDGE_TEST -notmatch 'rightless') { $fake.tasks[$this.Name].Rights = $args[0] }
        } | Add-Member -PassThru -MemberType ScriptMethod -Name GetSecurityDescriptor -Value { $this.Rights }
    }
    $service | Add-Member -MemberType ScriptMethod -Name RegisterTaskDefinition -Value {
        if ($env:BRIDGE_TEST -match 'managed') { throw 'the user name or password is incorrect' }
        Write-Call "task defined $($args[0]) flags $($args[2]) as $($args[3]) logon $($args[5]) $($args[6])"
        if ("$($args[1].RegistrationInfo.SecurityDescriptor)" -ne "$($args[6])") { throw 'the rights in the definition differ' }
        if ($env:BRIDGE_TEST -notmatch 'rightless') { $fake.tasks["$($args[0])"].Rights = $args[6] }
    }
    $service
}
function Get-LocalGroupMember {
    [CmdletBinding()] param([string]$Group, [string]$SID)
    if ($env:BRIDGE_TEST -match 'domaincontroller') { throw 'the groups are the domain''s' }
    $sids = 'S-1-5-21-1-2-3-1102'
    if ($SID -eq 'S-1-5-32-544') { $sids = 'S-1-5-21-1-2-3-1103' }
    foreach ($sid in $sids) { Microsoft.PowerShell.Utility\New-Object PSObject -Property @{ SID = $sid } }
}
function Get-Acl {
    [CmdletBinding()] param([Parameter(Position = 0)][string]$Path)
    if (-not (Test-Path -LiteralPath $Path)) { throw "there is no $Path" }
    Microsoft.PowerShell.Utility\New-Object PSObject -Property @{ Sddl = $fake.rights[$Path] } |
        Add-Member -PassThru -MemberType ScriptMethod -Name SetSecurityDescriptorSddlForm -Value { $this.Sddl = $args[0] }
}
function Set-Acl {
    [CmdletBinding(SupportsShouldProcess = $true)] param([Parameter(Position = 0)][string]$Path, [Parameter(Position = 1)]$AclObject)
    $fake.rights[$Path] = $AclObject.Sddl
    Write-Call "rights $Path $($AclObject.Sddl)"
}
function New-ScheduledTaskAction { [CmdletBinding()] param($Execute, $Argument, $WorkingDirectory) Microsoft.PowerShell.Utility\New-Object PSObject -Property @{ Execute = $Execute; Arguments = $Argument; WorkingDirectory = $WorkingDirectory } }
function New-ScheduledTaskPrincipal { [CmdletBinding()] param($UserId, $LogonType, $RunLevel) Microsoft.PowerShell.Utility\New-Object PSObject -Property @{ UserId = $UserId; LogonType = $LogonType; RunLevel = $RunLevel } }
function New-ScheduledTaskSettingsSet {
    [CmdletBinding()] param($MultipleInstances, $ExecutionTimeLimit, [switch]$AllowStartIfOnBatteries, [switch]$DontStopIfGoingOnBatteries)
    Microsoft.PowerShell.Utility\New-Object PSObject -Property @{ MultipleInstances = $MultipleInstances; ExecutionTimeLimit = $ExecutionTimeLimit }
}
function Register-ScheduledTask {
    [CmdletBinding()] param($TaskName, $TaskPath, $Action, $Principal, $Settings, $Description)
    if ($fake.tasks.ContainsKey($TaskName)) { throw 'there is such a task' }
    Write-Call "task $TaskPath$TaskName runs $($Action.Execute) $($Action.Arguments) in $($Action.WorkingDirectory) as $($Principal.UserId) $($Principal.LogonType) $($Principal.RunLevel), $($Settings.MultipleInstances), $($Settings.ExecutionTimeLimit)"
    $fake.tasks[$TaskName] = @{ TaskName = $TaskName; Actions = @($Action); Principal = $Principal; State = 'Ready'; Rights = 'D:' }
}
function Get-ScheduledTask { [CmdletBinding()] param($TaskName, $TaskPath) foreach ($task in $fake.tasks.Values) { Microsoft.PowerShell.Utility\New-Object PSObject -Property $task } }
function Get-ScheduledTaskInfo { [CmdletBinding()] param($TaskName, $TaskPath) Microsoft.PowerShell.Utility\New-Object PSObject -Property @{ LastTaskResult = 2147943785 } }
function Stop-ScheduledTask { [CmdletBinding()] param($TaskName, $TaskPath) Write-Call "stop $TaskName" }
function Unregister-ScheduledTask { [CmdletBinding(SupportsShouldProcess = $true)] param($TaskName, $TaskPath) Write-Call "unregister $TaskName"; $fake.tasks.Remove($TaskName) }
# Start-ScheduledTask runs the worker as it was installed.
function Start-ScheduledTask {
    [CmdletBinding()] param($TaskName, $TaskPath)
    Write-Call "start $TaskName"
    if ($env:BRIDGE_TEST -match 'hanging') { return }
    $text = Get-Content -LiteralPath 'C:\Program Files\adsyncbot-bridge\worker.ps1' -Raw
    $text = $text.Replace('$PSScriptRoot', "'C:\Program Files\adsyncbot-bridge'") -replace '(?m)^    exit \d', '    return'
    & ([ScriptBlock]::Create($text))
}
function Start-Sleep { [CmdletBinding()] param($Seconds) }
function New-EventLog { [CmdletBinding()] param($LogName, $Source) Write-Call "source $Source in $LogName" }
function Remove-EventLog { [CmdletBinding()] param($Source) Write-Call "no source $Source" }
function Write-EventLog { [CmdletBinding()] param($LogName, $Source, $EventId, $EntryType, $Message) Write-Call "event $EventId $EntryType $Message" }
function Import-Module { [CmdletBinding()] param($Name) Write-Call "import $Name" }
function Get-ADSyncRunProfileResult {
    [CmdletBinding()] param($NumberRequested, [switch]$RunStepDetails)
    Microsoft.PowerShell.Utility\New-Object PSObject -Property @{
        RunHistoryId = [guid]'5fdc0b17-8196-484a-90f4-c5b839f95dd5'; ConnectorId = [guid]'fffb4a69-4ed6-444d-8b89-73bc16f373dd'; ConnectorName = 'contoso.com'
        RunProfileName = 'Delta Import'; RunNumber = 7; IsRunComplete = $true; Result = 'success'
        StartDate = [DateTime]'2026-11-24T09:00:00'; EndDate = [DateTime]'2026-11-24T09:00:08'; RunStepResults = $null
    }
}
# .NET knows no drive C: here.
function Remove-TestFile($path) { Remove-Item -LiteralPath $path -Force }
function Remove-TestFolder($path) { if (@(Get-ChildItem -LiteralPath $path[0] -Force).Count -gt 0) { throw 'not empty' }; Remove-Item -LiteralPath $path[0] -Force }
