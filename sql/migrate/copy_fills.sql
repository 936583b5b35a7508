-- Copies the fills of a table from before the tape into one of today's structure: all of them are of the subgraph.
--
-- Parameters  from, to
-- By hand     clickhouse-client --database polymarket --param_from clob_fills --param_to clob_fills_migration
--             --queries-file sql/migrate/copy_fills.sql
INSERT INTO {to:Identifier}
    (tx_hash, order_hash, block_time, wallet, counterparty, token_id, side, shares, usdc, fee, exchange, block_number, log_index)
SELECT
    tx_hash, order_hash, block_time, wallet, counterparty, token_id, side, shares, usdc, fee,
    'v1' AS exchange, 0 AS block_number, -1 AS log_index
FROM {from:Identifier} FINAL
