-- The block ranges whose logs are in `condition_logs`, both ends included. A row is written when the target has acknowledged every
-- log of its range, so that a load goes on where the last one ended, on whatever machine.
--
-- Parameters  none
-- By hand     clickhouse-client --database polymarket --queries-file sql/conditions/create-condition-ranges.sql
CREATE TABLE IF NOT EXISTS condition_ranges
(
    first_block UInt32,
    last_block UInt32,
    source LowCardinality(String) COMMENT 'portal or rpc',
    logs UInt64,
    loaded_at DateTime64(3, 'UTC') DEFAULT now64(3)
)
ENGINE = MergeTree
ORDER BY (first_block, last_block)
