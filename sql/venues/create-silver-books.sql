-- Order books: best level and depth of both sides at a time.
--
-- Parameters  none
-- By hand     clickhouse-client --database polymarket --queries-file sql/venues/create-silver-books.sql
--
-- `hash` is the venue's own name for this state of the book: an equal hash is an unchanged book. Sizes are in shares or contracts.
CREATE TABLE IF NOT EXISTS silver_books
(
    venue LowCardinality(String),
    market_id String,
    outcome_id String,
    at DateTime64(6, 'UTC'),
    bid Nullable(Decimal(18, 6)),
    bid_size Nullable(Decimal(18, 6)),
    ask Nullable(Decimal(18, 6)),
    ask_size Nullable(Decimal(18, 6)),
    bid_depth Decimal(18, 6),
    ask_depth Decimal(18, 6),
    bid_levels UInt32,
    ask_levels UInt32,
    hash String
)
ENGINE = ReplacingMergeTree
ORDER BY (venue, market_id, outcome_id, at)
