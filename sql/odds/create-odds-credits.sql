-- Credits of The Odds API after each call: its headers are the only meter.
--
-- Parameters  none
-- By hand     clickhouse-client --database polymarket --queries-file sql/odds/create-odds-credits.sql
CREATE TABLE IF NOT EXISTS odds_credits
(
    at DateTime64(3, 'UTC'),
    request String COMMENT 'without the key',
    remaining Nullable(Int64),
    used Nullable(Int64),
    last Nullable(Int64)
)
ENGINE = MergeTree
ORDER BY at
