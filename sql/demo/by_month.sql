-- Fills, wallets and USDC by month. One row a month.
--
-- Parameters  table: the table of fills
-- By hand     clickhouse-client --database polymarket --param_table clob_fills --queries-file sql/demo/by_month.sql
--
-- A match appears once for each order in it, so USDC counts both sides of a trade.
SELECT
    formatDateTime(block_time, '%Y-%m') AS month,
    count() AS fills,
    uniqExact(wallet) AS wallets,
    toString(sum(toDecimal128(usdc, 6))) AS usdc
FROM {table:Identifier} FINAL
GROUP BY month
ORDER BY month
