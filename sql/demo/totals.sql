-- Rows and USDC of both sides, to be held against the source's own totals. One row.
--
-- Parameters  table: the table of fills
-- By hand     clickhouse-client --database polymarket --param_table clob_fills --queries-file sql/demo/totals.sql
SELECT
    count() AS rows,
    toString(sumIf(toInt128(reinterpretAsInt64(usdc)), side = 'BUY')) AS buy_micros,
    toString(sumIf(toInt128(reinterpretAsInt64(usdc)), side = 'SELL')) AS sell_micros
FROM {table:Identifier} FINAL
