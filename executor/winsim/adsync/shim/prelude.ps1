# Runs before the script: what Windows has around ADSync. What is defined here keeps full language, as Microsoft's own
# modules do, when the script gets constrained language.
Import-Module -Name (Join-Path $PSScriptRoot 'windows.psm1') -Global
$ExecutionContext.SessionState.LanguageMode = (Invoke-Model 'Settings').language
