-- Transactions that lack a fill because its row was rejected and --accept-rejected let it pass: found by verify, kept for every
-- run, because rebuild-pnl needs them to name the residuals of the live table.
-- By hand: clickhouse client --queries-file sql/verify/create-rejected-fills.sql
CREATE TABLE IF NOT EXISTS rejected_fills
(
    run String,
    tx_hash FixedString(32),
    tx_hash_hex String ALIAS concat('0x', lower(hex(tx_hash)))
)
ENGINE = ReplacingMergeTree
ORDER BY (run, tx_hash)
COMMENT 'Transactions that lack a fill because its row was rejected'
