-- The source's counts for a table that holds every fill.
-- Parameters: fills; run.
INSERT INTO source_counts (run, token_id, buys, sells, buy_usdc, sell_usdc)
SELECT {run:String}, token_id, countIf(side = 'BUY'), countIf(side = 'SELL'), sumIf(usdc, side = 'BUY'), sumIf(usdc, side = 'SELL')
FROM {fills:Identifier}
GROUP BY token_id
