# Closes every script. Whoever reads counts the lines and knows that nothing was lost.
try { Invoke-Order } catch { Out-Problem 'script' $_ }
Out-Line @{ t = 'end'; lines = $state.lines }
