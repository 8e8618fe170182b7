# What waits to be imported and exported.
function Invoke-Order {
    Read-Service
    Import-Engine
    if ($state.module -eq '') { return }
    try { Read-Running } catch { Out-Problem 'Get-ADSyncConnectorRunStatus' $_ }
    Read-Connector
    Read-Statistics
}
