-- The table of `tokens.sql`. Scratch: made by a rebuild, dropped at its end.
-- Parameters: tokens, the table to make.
-- By hand: clickhouse client --param_tokens=pnl_tokens --queries-file sql/pnl/create-tokens.sql
CREATE OR REPLACE TABLE {tokens:Identifier}
(
    token_id UInt256,
    condition_id FixedString(32) COMMENT 'zeros: no condition is known',
    position UInt16,
    outcomes UInt16,
    numerator Int256 COMMENT 'what a share pays, over the denominator',
    numerators Array(Int256) COMMENT 'of all outcomes of the condition',
    denominator Int256 COMMENT '0 while unresolved',
    last_usdc Int64 COMMENT 'legs of the last fill that has a price; 0 and 0: there is none',
    last_shares Int64
)
ENGINE = MergeTree
ORDER BY token_id
