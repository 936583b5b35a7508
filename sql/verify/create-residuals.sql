-- The table of `residuals.sql`: one row for each transaction and condition that does not conserve money or shares.
-- Parameters: residuals, the table to make.
-- By hand: clickhouse client --param_residuals=conservation_residuals --queries-file sql/verify/create-residuals.sql
CREATE OR REPLACE TABLE {residuals:Identifier}
(
    tx_hash FixedString(32),
    condition_id FixedString(32),
    fills UInt32,
    cash Int128 COMMENT 'micro-USDC over all fills, gross; what was paid counts negative',
    shares Array(Int128) COMMENT 'micro-shares by outcome, gross',
    volume Int128 COMMENT 'micro-USDC traded in these fills',
    explanation LowCardinality(String),
    tx_hash_hex String ALIAS concat('0x', lower(hex(tx_hash))),
    condition_id_hex String ALIAS concat('0x', lower(hex(condition_id)))
)
ENGINE = MergeTree
ORDER BY (condition_id, tx_hash)
-- Rows lost in a power cut would read as a condition that balances.
SETTINGS fsync_after_insert = 1, fsync_part_directory = 1
