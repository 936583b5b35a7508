-- Rows of a table of fills and the checksum of the columns that it had before the tape: equal before and after the copy. One row.
--
-- Parameters  fills
-- By hand     clickhouse-client --database polymarket --param_fills clob_fills --queries-file sql/migrate/old_checksum.sql
SELECT
    count() AS rows,
    sum(cityHash64(
        tx_hash, order_hash, block_time, wallet, counterparty, token_id, toInt8(side),
        reinterpretAsInt64(shares), reinterpretAsInt64(usdc), reinterpretAsInt64(fee)
    )) AS checksum
FROM {fills:Identifier} FINAL
