-- The table of `average-cost.sql`. Scratch: made by a rebuild, dropped at its end.
-- Parameters: average_cost, the table to make.
-- By hand: clickhouse client --param_average_cost=pnl_average_cost --queries-file sql/pnl/create-average-cost.sql
CREATE OR REPLACE TABLE {average_cost:Identifier}
(
    wallet FixedString(20),
    token_id UInt256,
    realized Int128 COMMENT 'micro-USDC'
)
ENGINE = MergeTree
ORDER BY (wallet, token_id)
