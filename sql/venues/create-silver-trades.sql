-- Public trades of the venues that publish them.
--
-- Parameters  none
-- By hand     clickhouse-client --database polymarket --queries-file sql/venues/create-silver-trades.sql
--
-- `trade_id` is unique in a venue. Polymarket has none: there it is the transaction, a digest of the trade and an ordinal among equal
-- ones. `price` is that of `outcome_id`, `side` the taker's.
CREATE TABLE IF NOT EXISTS silver_trades
(
    venue LowCardinality(String),
    trade_id String,
    market_id String,
    outcome_id String,
    side Enum8('BUY' = 1, 'SELL' = 2),
    price Decimal(18, 6),
    size Decimal(18, 6),
    at DateTime64(6, 'UTC')
)
ENGINE = ReplacingMergeTree
ORDER BY (venue, market_id, at, trade_id)
