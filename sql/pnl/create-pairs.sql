-- The table of `pairs.sql`. Scratch: made by a rebuild, dropped at its end.
-- Parameters: pairs, the table to make.
-- By hand: clickhouse client --param_pairs=pnl_pairs --queries-file sql/pnl/create-pairs.sql
CREATE OR REPLACE TABLE {pairs:Identifier}
(
    wallet FixedString(20),
    token_id UInt256,
    fills UInt64,
    class UInt8 COMMENT '0: up to 15 fills, 1: up to 255, 2: up to 4095, …'
)
ENGINE = MergeTree
ORDER BY (class, token_id, wallet)
