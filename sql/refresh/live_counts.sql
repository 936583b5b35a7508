-- Fills and USDC of the live table that came from the subgraph, per token and side, in the shape of source_counts. One row a token.
--
-- Parameters  none
-- By hand     clickhouse-client --database polymarket --queries-file sql/refresh/live_counts.sql
--
-- Sums are taken of the stored integers, micro-USDC: a Decimal sum could overflow.
SELECT
    toString(token_id) AS token,
    countIf(side = 'BUY') AS buys,
    countIf(side = 'SELL') AS sells,
    toString(sumIf(toInt128(reinterpretAsInt64(usdc)), side = 'BUY')) AS buyMicros,
    toString(sumIf(toInt128(reinterpretAsInt64(usdc)), side = 'SELL')) AS sellMicros
FROM clob_fills FINAL
WHERE exchange = 'v1'
GROUP BY token_id
ORDER BY token_id
