-- Tokens whose counts the source serves malformed: found when a run was planned, kept for every run, because rebuild-pnl needs
-- them to name the residuals of the live table.
-- By hand: clickhouse client --queries-file sql/verify/create-uncounted-tokens.sql
CREATE TABLE IF NOT EXISTS uncounted_tokens
(
    run String,
    token_id UInt256
)
ENGINE = ReplacingMergeTree
ORDER BY (run, token_id)
COMMENT 'Tokens whose counts the source serves malformed'
