-- How many fills the source counts, and their USDC, per run, token and side: what staging is compared with. One row a token.
--
-- Parameters  none
-- By hand     clickhouse-client --database polymarket --queries-file sql/schema/source_counts.sql
--
-- A resumed run writes its rows again; read it with FINAL.
CREATE TABLE IF NOT EXISTS source_counts
(
    run String,
    token_id UInt256,
    buys UInt64,
    sells UInt64,
    buy_usdc Decimal(38, 6),
    sell_usdc Decimal(38, 6)
)
ENGINE = ReplacingMergeTree
ORDER BY (run, token_id)
