-- The table of `giant-pnl.sql`. Scratch: made by a rebuild, dropped at its end.
-- Parameters: giant_pnl, the table to make.
-- By hand: clickhouse client --param_giant_pnl=pnl_giant_pnl --queries-file sql/pnl/create-giant-pnl.sql
CREATE OR REPLACE TABLE {giant_pnl:Identifier}
(
    wallet FixedString(20),
    token_id UInt256,
    giant Bool,
    realized Int128 COMMENT 'average cost, micro-USDC'
)
ENGINE = MergeTree
ORDER BY (wallet, token_id)
