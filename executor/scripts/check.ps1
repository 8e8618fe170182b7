# What this account can do on this server.
# Read-Group lists the groups of the logon. Their names are in the server's language, their identifiers are not.
function Read-Group {
    Out-Beat 'whoami'
    try {
        foreach ($group in @(whoami /groups /fo csv /nh | ConvertFrom-Csv -Header 'name', 'type', 'sid', 'attributes')) {
            Out-Line @{ t = 'group'; name = "$($group.name)"; sid = "$($group.sid)" }
        }
    } catch {
        Out-Problem 'whoami' $_
    }
}
function Invoke-Order {
    Read-Service
    Import-Engine
    if ($state.module -ne '') {
        try { Read-Scheduler } catch { Out-Problem 'Get-ADSyncScheduler' $_ }
        try { Read-Running } catch { Out-Problem 'Get-ADSyncConnectorRunStatus' $_ }
    }
    Read-Group
    Out-Beat 'Get-WinEvent'
    try {
        $newest = @{ LogName = 'Application'; ProviderName = 'Directory Synchronization' }
        Out-Event (Get-Source $newest $true | Select-Object -First 1)
    } catch {
        Out-Problem 'Get-WinEvent' $_
    }
    if ($state.module -ne '') {
        Read-History $null 1 'probe'
        Read-Connector
    }
}
