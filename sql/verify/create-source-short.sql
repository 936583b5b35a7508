-- Tokens and sides of which the source serves fewer distinct fills than it counts: found by verify, kept for every run, because
-- rebuild-pnl needs them to name the residuals of the live table.
-- By hand: clickhouse client --queries-file sql/verify/create-source-short.sql
CREATE TABLE IF NOT EXISTS source_short
(
    run String,
    token_id UInt256,
    side Enum8('BUY' = 1, 'SELL' = 2),
    counted_rows UInt64,
    served_rows UInt64,
    counted_usdc Decimal(38, 6),
    served_usdc Decimal(38, 6)
)
ENGINE = ReplacingMergeTree
ORDER BY (run, token_id, side)
COMMENT 'Tokens of which the source serves fewer distinct fills than it counts'
