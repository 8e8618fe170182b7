# What a finished cycle came to, beside the event log.
# Read-Connector lists the connectors, without their schemas and parameters.
function Read-Connector {
    Out-Beat 'Get-ADSyncConnector'
    $state.connectors = @()
    try {
        $state.connectors = @(Get-ADSyncConnector | ForEach-Object {
            @{ name = "$($_.Name)"; id = "$($_.Identifier)"; type = "$($_.Type)"; subtype = "$($_.Subtype)" }
        })
        Out-Line @{ t = 'connectors'; list = $state.connectors }
    } catch {
        Out-Problem 'Get-ADSyncConnector' $_
    }
}
# Read-Statistics tells what waits to be imported and exported, connector by connector.
function Read-Statistics {
    foreach ($connector in $state.connectors) {
        Out-Beat 'Get-ADSyncConnectorStatistics'
        try {
            $found = Get-ADSyncConnectorStatistics -ConnectorName $connector.name
            Out-Line @{
                t = 'statistics'
                connector = $connector.name
                import_adds = [int]$found.ImportAdds
                import_updates = [int]$found.ImportUpdates
                import_deletes = [int]$found.ImportDeletes
                export_adds = [int]$found.ExportAdds
                export_updates = [int]$found.ExportUpdates
                export_deletes = [int]$found.ExportDeletes
            }
        } catch {
            Out-Problem 'Get-ADSyncConnectorStatistics' $_
        }
    }
}
