# The deletes that wait to be exported to Entra ID, against the threshold at which an export stops before any of them.
$state.cloud = 'b891884f-051e-4a83-95af-2544101c9083'
# Read-Threshold reads the threshold. Its cmdlet belongs to the half that does not work in a network logon, so it is asked
# only where the run history may be read directly, or by the bridge; elsewhere the answer says that it is not known.
function Read-Threshold($deletes) {
    if ($order.history -eq 'bridge') {
        Read-BridgeThreshold $deletes
        return
    }
    if ($order.history -ne 'direct' -and $order.history -ne 'probe') { return }
    Out-Beat 'Get-ADSyncExportDeletionThreshold'
    try {
        $found = Get-ADSyncExportDeletionThreshold
        $deletes.prevented = ([int]$found.DeletionPrevention -ne 0)
        $deletes.threshold = [int]$found.ThresholdCount
        $deletes.readable = $true
    } catch {
        $deletes.readable = $false
    }
}
# Read-Deletes counts them. Without any, nobody needs the threshold.
function Read-Deletes {
    foreach ($connector in $state.connectors) {
        if ($connector.id -ne $state.cloud) { continue }
        Out-Beat 'Get-ADSyncConnectorStatistics'
        try {
            $waiting = [int](Get-ADSyncConnectorStatistics -ConnectorName $connector.name).ExportDeletes
            $deletes = @{ t = 'deletes'; waiting = $waiting; readable = $false; prevented = $false; threshold = 0 }
            if ($waiting -gt 0) { Read-Threshold $deletes }
            Out-Line $deletes
        } catch {
            Out-Problem 'Get-ADSyncConnectorStatistics' $_
        }
    }
}
