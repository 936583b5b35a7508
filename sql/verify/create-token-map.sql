-- The table of `token-map.sql`. Scratch: made by a check or a rebuild, dropped at its end.
-- Parameters: map, the table to make.
-- By hand: clickhouse client --param_map=check_tokens --queries-file sql/verify/create-token-map.sql
CREATE OR REPLACE TABLE {map:Identifier}
(
    token_id UInt256,
    condition_id FixedString(32),
    position UInt16 COMMENT 'place of the outcome, from 1: arrays by outcome are indexed with it',
    outcomes UInt16 COMMENT 'tokens that the condition is known to have',
    numerators Array(Int256) COMMENT 'payouts by position; empty while unresolved',
    denominator Int256 COMMENT '0 while unresolved'
)
ENGINE = MergeTree
ORDER BY token_id
