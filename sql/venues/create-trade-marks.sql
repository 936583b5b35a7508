-- Up to when the trades of a market are complete. Trades are read newest first, so that the newest stored one says nothing about
-- what lies before it; a mark is written when a market's chain has ended.
--
-- Parameters  none
-- By hand     clickhouse-client --database polymarket --queries-file sql/venues/create-trade-marks.sql
--
-- `market_id` is '' for the feed of a whole exchange.
CREATE TABLE IF NOT EXISTS trade_marks
(
    venue LowCardinality(String),
    market_id String,
    complete_to DateTime64(3, 'UTC')
)
ENGINE = ReplacingMergeTree(complete_to)
ORDER BY (venue, market_id)
