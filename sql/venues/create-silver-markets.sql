-- Markets of all venues in one model, the latest state of each.
--
-- Parameters  none
-- By hand     clickhouse-client --database polymarket --queries-file sql/venues/create-silver-markets.sql
--
-- `volume` and `open_interest` are in `volume_unit`: dollars or contracts. They are never summed or ranked across units. `winner` is an
-- outcome id: a token id, or <market_id>:<index> where the venue has no tokens. NULL means that the venue does not say.
CREATE TABLE IF NOT EXISTS silver_markets
(
    venue LowCardinality(String),
    market_id String,
    event_id String,
    question String,
    slug String,
    category LowCardinality(String),
    status Enum8('unopened' = 1, 'open' = 2, 'paused' = 3, 'closed' = 4, 'determined' = 5, 'resolved' = 6, 'void' = 7),
    outcomes Array(String),
    tokens Array(String),
    volume Nullable(Decimal(18, 6)),
    volume_24h Nullable(Decimal(18, 6)),
    volume_unit Enum8('usd' = 1, 'contracts' = 2),
    open_interest Nullable(Decimal(18, 6)),
    mechanism Enum8('clob' = 1, 'amm' = 2) COMMENT 'an order book, or a pool that has none',
    close_time Nullable(DateTime64(6, 'UTC')),
    created_time Nullable(DateTime64(6, 'UTC')),
    updated_time Nullable(DateTime64(6, 'UTC')),
    winner Nullable(String),
    seen_at DateTime64(6, 'UTC')
)
ENGINE = ReplacingMergeTree(seen_at)
ORDER BY (venue, market_id)
