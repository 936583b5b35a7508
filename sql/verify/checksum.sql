-- Rows and checksum of everything that is stored. The sum of the rows' hashes modulo 2^64 does not depend on parts, merges or
-- order; one altered, missing, foreign or doubled row changes it.
-- Parameters: fills, the table.
-- By hand: clickhouse client --param_fills=clob_fills_staging --queries-file sql/verify/checksum.sql
SELECT
    count() AS rows,
    sum(cityHash64(
        tx_hash, order_hash, block_time, wallet, counterparty, token_id, toInt8(side),
        reinterpretAsInt64(shares), reinterpretAsInt64(usdc), reinterpretAsInt64(fee), toInt8(exchange), block_number, log_index
    )) AS checksum
FROM {fills:Identifier}
