-- Odds of bookmakers from The Odds API; a row only where the price or the bookmaker's own time of change is new.
--
-- Parameters  none
-- By hand     clickhouse-client --database polymarket --queries-file sql/odds/create-silver-odds.sql
--
-- `price` is decimal (1.91) or American (-110) as `odds_format` says; `point` exists for spreads and totals only.
CREATE TABLE IF NOT EXISTS silver_odds
(
    sport LowCardinality(String),
    event_id String,
    commence_time DateTime64(3, 'UTC'),
    home_team String,
    away_team String,
    bookmaker LowCardinality(String),
    market LowCardinality(String),
    outcome String,
    price Decimal(18, 6),
    point Nullable(Decimal(18, 6)),
    odds_format Enum8('decimal' = 1, 'american' = 2),
    last_update DateTime64(3, 'UTC'),
    fetched_at DateTime64(3, 'UTC')
)
ENGINE = ReplacingMergeTree(fetched_at)
ORDER BY (event_id, bookmaker, market, outcome, ifNull(point, 0), last_update, price)
