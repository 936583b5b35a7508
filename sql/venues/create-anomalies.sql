-- What looked wrong: records that could not be read, a source that stands still, a jump without a trade, a crossed book, probabilities
-- that do not sum to one.
--
-- Parameters  none
-- By hand     clickhouse-client --database polymarket --queries-file sql/venues/create-anomalies.sql
CREATE TABLE IF NOT EXISTS anomalies
(
    venue LowCardinality(String),
    kind Enum8('unreadable' = 1, 'stale' = 2, 'jump' = 3, 'crossed' = 4, 'sum' = 5),
    market_id String,
    outcome_id String,
    at DateTime64(6, 'UTC'),
    detail String
)
ENGINE = ReplacingMergeTree
ORDER BY (venue, kind, market_id, outcome_id, at)
