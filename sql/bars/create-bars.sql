-- Bars of listed instruments: split-adjusted unless asked otherwise, from Massive (formerly Polygon.io).
--
-- Parameters  none
-- By hand     clickhouse-client --database polymarket --queries-file sql/bars/create-bars.sql
--
-- `start` is UTC. A day bar starts at midnight US Eastern: 04:00 or 05:00 UTC, so its date in Eastern is
-- toDate(start, 'America/New_York'). A split rewrites all earlier adjusted bars: the row read last counts.
CREATE TABLE IF NOT EXISTS bars
(
    symbol LowCardinality(String),
    timespan Enum8('second' = 1, 'minute' = 2, 'hour' = 3, 'day' = 4, 'week' = 5, 'month' = 6, 'quarter' = 7, 'year' = 8),
    start DateTime64(3, 'UTC'),
    open Decimal(18, 6),
    high Decimal(18, 6),
    low Decimal(18, 6),
    close Decimal(18, 6),
    volume Decimal(38, 6),
    vwap Nullable(Decimal(18, 6)),
    trades Nullable(UInt64),
    loaded_at DateTime64(3, 'UTC')
)
ENGINE = ReplacingMergeTree(loaded_at)
ORDER BY (symbol, timespan, start)
