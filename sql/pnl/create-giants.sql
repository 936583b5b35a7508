-- The wallets and tokens with so many fills between them that they are folded apart. Scratch: made by a rebuild.
-- Parameters: giants, the table to make.
-- By hand: clickhouse client --param_giants=pnl_giants --queries-file sql/pnl/create-giants.sql
CREATE OR REPLACE TABLE {giants:Identifier}
(
    wallet FixedString(20),
    token_id UInt256,
    fills UInt64,
    batch UInt32 COMMENT 'folded together: of like length, within the memory of one statement'
)
ENGINE = MergeTree
ORDER BY (batch, token_id, wallet)
