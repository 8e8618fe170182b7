<#
adsyncbot bridge: installs, checks and removes the bridge on a server with Entra Connect Sync.

Read this file, then run it once on the server, in Windows PowerShell 5.1, as an administrator ("Run as administrator"):

    .\bridge.ps1 -Account CORP\svc-adsync -RunAs CORP\gmsa-adsync$ -WhatIf     shows what it would do
    .\bridge.ps1 -Account CORP\svc-adsync -RunAs CORP\gmsa-adsync$             does it; again: removes all and installs anew
    .\bridge.ps1 -Account CORP\svc-adsync -Check                               tries the whole way once
    .\bridge.ps1 -Remove                                                       takes everything away again

Why: half of the ADSync module, the run history among it, does not answer to a network logon, which is what the bot's is. A
scheduled task logs on locally. The bot's account may put a question of a closed set into a folder, start the task, and
read the answer; the task runs a script that the bot's account cannot change. Nothing else is opened.

What it makes:
  C:\Program Files\adsyncbot-bridge            worker.ps1, which only administrators can change
  C:\Program Files\adsyncbot-bridge\requests   the bot's account may create files, and remove its own
  C:\Program Files\adsyncbot-bridge\answers    the bot's account may read files
  the task \adsyncbot-bridge                   runs worker.ps1 as -RunAs; the bot's account may start it and read its state
  the event source adsyncbot-bridge            in the Application log, for what the worker has answered and refused

-Account  the account the bot logs on with
-RunAs    the account the task runs as: a group managed service account (its name ends in $), or a user, for whom no password
          is asked nor stored (S4U). Not an administrator; a member of ADSyncOperators and ADSyncBrowse. Without it: -Account
#>
[CmdletBinding(SupportsShouldProcess = $true)]
param(
    [string]$Account = '',
    [string]$RunAs = '',
    [switch]$Check,
    [switch]$Remove
)
$ErrorActionPreference = 'Stop'
Set-StrictMode -Version 2.0

$name = 'adsyncbot-bridge'
$folder = 'C:\Program Files\adsyncbot-bridge'    # where only administrators can make a folder, or a link in its place
$requests = "$folder\requests"
$answers = "$folder\answers"
$powershell = 'C:\Windows\System32\WindowsPowerShell\v1.0\powershell.exe'
$arguments = "-NoLogo -NoProfile -NonInteractive -ExecutionPolicy RemoteSigned -File `"$folder\worker.ps1`""
$isOurs = '^([0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}\.(json|tmp))$'
$keep = 'This file keeps the folder from being empty, and so from being turned into a link to another place. Leave it.'

# The worker, word for word.
$worker = @'
#worker.ps1#
'@

# ---- small things ----

# Invoke-Step does one thing, or with -WhatIf says what it would do.
function Invoke-Step($what, $do) {
    if ($PSCmdlet.ShouldProcess($env:COMPUTERNAME, $what)) { & $do }
}

# Assert-Administrator: S-1-16-12288 is the label of a process that was started as administrator, S-1-16-16384 of the system's.
function Assert-Administrator {
    if ("$(whoami /groups /fo csv /nh)" -notmatch 'S-1-16-(12288|16384)') {
        throw 'Start Windows PowerShell with "Run as administrator" first.'
    }
}

function Resolve-Account($account, $parameter) {
    if ($account -eq '') { throw "Name the account: $parameter DOMAIN\name" }
    try {
        (New-Object System.Security.Principal.NTAccount -ArgumentList $account).Translate([System.Security.Principal.SecurityIdentifier]).Value
    } catch {
        throw "There is no account `"$account`" ($parameter): $($_.Exception.Message)"
    }
}

# Read-Members lists the direct members of a local group by their identifiers; nothing when they cannot be listed, as on
# a domain controller, where the groups are the domain's.
function Read-Members($group) {
    try { @(Get-LocalGroupMember @group | ForEach-Object { "$($_.SID)" }) } catch { $null }
}

# Assert-Accounts: neither account is an administrator or the system, as far as can be seen here.
function Assert-Accounts($bot, $task) {
    foreach ($sid in $bot, $task) {
        if ($sid -match '^S-1-5-(18|19|20|32-.*)$' -or $sid -match '-500$') { throw "$sid is the system's, an administrator's or a group: take an account with few rights." }
    }
    $members = Read-Members @{ SID = 'S-1-5-32-544' }
    if ($null -eq $members) { Write-Warning 'The members of Administrators cannot be listed here: see to it yourself that neither account is one.' }
    foreach ($sid in $bot, $task) {
        if ($members -contains $sid) { throw "$sid is a member of Administrators: take an account with few rights." }
    }
    foreach ($group in 'ADSyncOperators', 'ADSyncBrowse') {
        $members = Read-Members @{ Group = $group }
        if ($null -eq $members) {
            Write-Warning "The members of $group cannot be listed here: $RunAs must be one."
        } elseif ($members -notcontains $task) {
            Write-Warning "$RunAs is not a direct member of $group. Unless it is through another group: Add-LocalGroupMember -Group $group -Member '$RunAs'"
        }
    }
}

# ---- taking away ----

# Remove-Folder removes one of our folders. It never follows a link, never goes into a folder, and removes only files
# that are called as ours are: somebody else could write here, and this runs as administrator. For the same reason it changes no
# permissions of what it finds: a file here may be another name of a file elsewhere.
function Remove-Folder($path, $files) {
    if (-not (Test-Path -LiteralPath $path)) { return }
    $item = Get-Item -LiteralPath $path -Force
    if ("$($item.Attributes)" -match 'ReparsePoint') {
        Write-Warning "$path is a link to another place. Only the link is removed. Find out who made it."
        [System.IO.Directory]::Delete($path, $false)
        return
    }
    foreach ($file in @(Get-ChildItem -LiteralPath $path -Force)) {
        if ($file.Name -cmatch $isOurs -and -not $file.PSIsContainer) { [System.IO.File]::Delete("$path\$($file.Name)") }
    }
    $left = @(Get-ChildItem -LiteralPath $path -Force | ForEach-Object { $_.Name })
    $foreign = @($left | Where-Object { $files -notcontains $_ })
    if ($foreign.Count -gt 0) {
        throw "$path holds what is not the bridge's: $(($foreign | Select-Object -First 5) -join ', '). Look at it, remove it, and run this again."
    }
    foreach ($file in $left) { [System.IO.File]::Delete("$path\$file") }
    [System.IO.Directory]::Delete($path, $false)
}

# Remove-Bridge takes away the task first, so that nothing runs or starts while the rest goes.
function Remove-Bridge {
    $task = @(Get-ScheduledTask -TaskPath '\' -ErrorAction SilentlyContinue | Where-Object { $_.TaskName -eq $name })
    if ($task.Count -gt 0) {
        Invoke-Step "remove the task \$name" {
            Stop-ScheduledTask -TaskName $name -TaskPath '\'
            Unregister-ScheduledTask -TaskName $name -TaskPath '\' -Confirm:$false
        }
    }
    if (Test-Path -LiteralPath $folder) {
        Invoke-Step "remove the folder $folder" {
            Remove-Folder $requests @('keep.txt')
            Remove-Folder $answers @('keep.txt')
            Remove-Folder $folder @('worker.ps1')
        }
    }
    if (Test-Path -Path "HKLM:\SYSTEM\CurrentControlSet\Services\EventLog\Application\$name") {
        Invoke-Step "remove the event source $name" { Remove-EventLog -Source $name }
    }
}

# ---- setting up ----

# Set-Rights gives a file or folder exactly these rights, none inherited; its owner is the group of administrators.
function Set-Rights($path, $rights) {
    $acl = Get-Acl $path
    $acl.SetSecurityDescriptorSddlForm($rights, [System.Security.AccessControl.AccessControlSections]'Access, Owner, Group')
    Set-Acl $path $acl
}

# New-Folder makes a folder and closes it before anything is in it. The bits, from winnt.h: 0x1 list, 0x2 create files, 0x8
# and 0x80 read attributes, 0x20 pass through, 0x40 remove files, 0x10000 remove, 0x20000 read rights, 0x100000 wait.
# BA are the administrators, SY the system, OW whoever owns a file: naming it takes from owners the right to change a
# file's permissions, which they have otherwise. OICI: files and folders in it, too; OIIO: the files in it alone.
function New-Folder($path, $rights) {
    $null = New-Item -Path $path -ItemType Directory
    Set-Rights $path "O:BAG:BAD:P(A;OICI;FA;;;BA)(A;OICI;FA;;;SY)$rights"
}

function New-Keep($path, $task) {
    Set-Content -LiteralPath "$path\keep.txt" -Value $keep -Encoding ASCII
    Set-Rights "$path\keep.txt" "O:BAG:BAD:P(A;;FA;;;BA)(A;;FA;;;SY)(A;;FR;;;$task)"
}

function Install-Folder($bot, $task) {
    # The task may read what lies here; the bot's account may pass through.
    New-Folder $folder "(A;OICI;0x1200a9;;;$task)(A;;0x1000a0;;;$bot)"
    Set-Content -LiteralPath "$folder\worker.ps1" -Value $worker -Encoding ASCII
    Set-Rights "$folder\worker.ps1" "O:BAG:BAD:P(A;;FA;;;BA)(A;;FA;;;SY)(A;;0x1200a9;;;$task)"
    # Requests: the task may list, read and remove; the bot's account may create files (no folders), nothing more, and
    # whoever has created one may remove it.
    New-Folder $requests "(A;;0x1200e9;;;$task)(A;OIIO;0x130089;;;$task)(A;;0x1000a2;;;$bot)(A;OIIO;0x110080;;;OW)"
    New-Keep $requests $task
    # Answers: the task may create, list and remove; the bot's account may read a file whose name it knows.
    New-Folder $answers "(A;;0x1200eb;;;$task)(A;OIIO;0x13019f;;;$task)(A;OIIO;0x13019f;;;OW)(A;;0x1000a0;;;$bot)(A;OIIO;0x120089;;;$bot)"
    New-Keep $answers $task
}

# Install-Task registers the task in the root folder, whose tasks everybody who is allowed to can find. Its rights: FA all,
# 0x1200a9 read and start. Without the flag 0x10 Windows would add a right for the account it runs as; 0x4 is an update. The
# rights stand in two places, of which the definition's own decides who may start the task, so both are set.
function Install-Task($bot) {
    $logon = 'S4U'
    $logonNumber = 2
    if ($RunAs.EndsWith('$')) {
        $logon = 'Password'    # of a group managed service account, which Windows itself knows
        $logonNumber = 1
    }
    $action = New-ScheduledTaskAction -Execute $powershell -Argument $arguments -WorkingDirectory $folder
    $principal = New-ScheduledTaskPrincipal -UserId $RunAs -LogonType $logon -RunLevel Limited
    $settings = New-ScheduledTaskSettingsSet -MultipleInstances IgnoreNew -ExecutionTimeLimit (New-TimeSpan -Minutes 2) -AllowStartIfOnBatteries -DontStopIfGoingOnBatteries
    $null = Register-ScheduledTask -TaskName $name -TaskPath '\' -Action $action -Principal $principal -Settings $settings -Description 'Answers what adsyncbot asks about sync cycles. See worker.ps1 beside its requests.'
    $rights = "O:BAG:BAD:P(A;;FA;;;BA)(A;;FA;;;SY)(A;;0x1200a9;;;$bot)"
    $service = New-Object -ComObject Schedule.Service
    $service.Connect()
    $tasks = $service.GetFolder('\')
    $tasks.GetTask($name).SetSecurityDescriptor($rights, 0x10)
    try {
        $definition = $tasks.GetTask($name).Definition
        $definition.RegistrationInfo.SecurityDescriptor = $rights
        $null = $tasks.RegisterTaskDefinition($name, $definition, 0x14, $RunAs, $null, $logonNumber, $rights)
    } catch {
        Write-Warning "The rights could not be put into the task's definition, only beside it; adsyncbot check tells whether that is enough: $_"
    }
    if ("$($tasks.GetTask($name).GetSecurityDescriptor(4))" -notmatch [regex]::Escape($bot)) {
        throw 'Windows did not take the rights of the task: the account of the bot cannot start it.'
    }
}

function Install-Bridge {
    $bot = Resolve-Account $Account '-Account'
    $task = Resolve-Account $RunAs '-RunAs'
    Assert-Accounts $bot $task
    Remove-Bridge
    if ((Test-Path -LiteralPath $folder) -and -not $WhatIfPreference) { throw "$folder is there and could not be removed." }
    Invoke-Step "make the folder $folder; $Account may write requests and read answers" { Install-Folder $bot $task }
    Invoke-Step "register the event source $name" { New-EventLog -LogName Application -Source $name }
    Invoke-Step "register the task \$name, which runs as $RunAs; $Account may start it" { Install-Task $bot }
    Invoke-Step 'tell what is next' {
        Write-Output 'The bridge is installed. Try it now: run this script again with -Check.'
        Write-Output "$RunAs needs the right to log on as a batch job. secpol.msc, Local Policies, User Rights Assignment, shows it; a group policy may decide."
    }
}

# ---- trying it ----

# Test-Bridge asks the bridge one question, as the bot would, but as an administrator. The bot's own rights are tried by:
# adsyncbot check
function Test-Bridge {
    $task = @(Get-ScheduledTask -TaskPath '\' -ErrorAction SilentlyContinue | Where-Object { $_.TaskName -eq $name })
    if ($task.Count -eq 0) { throw "There is no task \${name}: install the bridge first." }
    $runs = @($task[0].Actions)
    if ($runs.Count -ne 1 -or $runs[0].Execute -ne $powershell -or $runs[0].Arguments -ne $arguments) { throw "The task \$name does not run what the installation said. Find out who changed it." }
    if ("$(Get-Content -LiteralPath "$folder\worker.ps1" -Raw)".Trim() -ne $worker.Trim()) { throw "worker.ps1 is not this version's: install the bridge again." }
    Write-Output "The task runs as $($task[0].Principal.UserId); its state is $($task[0].State)."
    foreach ($path in $folder, $requests, $answers) { Write-Output "${path}: $((Get-Acl $path).Sddl)" }
    $id = "$(New-Guid)"
    $null = New-Item -Path $requests -Name "$id.json" -ItemType File -Value (ConvertTo-Json -Compress -InputObject @{ id = $id; question = 'history'; since = ''; most = 1 })
    Start-ScheduledTask -TaskName $name -TaskPath '\'
    for ($turn = 0; $turn -lt 60 -and -not (Test-Path -LiteralPath "$answers\$id.json"); $turn++) { Start-Sleep -Seconds 1 }
    if (-not (Test-Path -LiteralPath "$answers\$id.json")) {
        $code = '0x{0:x8}' -f (Get-ScheduledTaskInfo -TaskName $name -TaskPath '\').LastTaskResult
        [System.IO.File]::Delete("$requests\$id.json")
        throw "No answer within a minute; the task's last result is $code. 0x80070569: its account may not log on as a batch job. 0x00041303: it has not run. The Application log, source $name, says what the worker did."
    }
    $answer = ConvertFrom-Json -InputObject "$(Get-Content -LiteralPath "$answers\$id.json" -Raw)"
    if ($answer.id -cne $id) { throw 'The answer belongs to another request.' }
    if (-not $answer.ok) { throw "The worker ran, but ADSync did not answer it ($($answer.code)): $($answer.message)" }
    Write-Output "The bridge works: it read $(@($answer.runs).Count) run of the history. Now, where the bot runs: adsyncbot check"
}

if ($RunAs -eq '') { $RunAs = $Account }
Assert-Administrator
if ($Remove) {
    Remove-Bridge
} elseif ($Check) {
    Test-Bridge
} else {
    Install-Bridge
}
