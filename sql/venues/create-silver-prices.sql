-- Prices of outcomes, 0 to 1 dollar a contract. Bid, ask, midpoint and last trade are different things: each has a column, and is NULL
-- where the venue does not give it.
--
-- Parameters  none
-- By hand     clickhouse-client --database polymarket --queries-file sql/venues/create-silver-prices.sql
--
-- `at` is when the price held: an answer that a cache had kept for 200 seconds is 200 seconds old. `origin` says where it was read:
-- a listing, an order book, a request for this price, or a history.
CREATE TABLE IF NOT EXISTS silver_prices
(
    venue LowCardinality(String),
    market_id String,
    outcome_id String,
    at DateTime64(6, 'UTC'),
    bid Nullable(Decimal(18, 6)),
    ask Nullable(Decimal(18, 6)),
    mid Nullable(Decimal(18, 6)),
    last Nullable(Decimal(18, 6)),
    origin Enum8('listing' = 1, 'book' = 2, 'quote' = 3, 'history' = 4)
)
ENGINE = ReplacingMergeTree
ORDER BY (venue, market_id, outcome_id, at, origin)
