-- Events of the venues: what their markets belong to.
--
-- Parameters  none
-- By hand     clickhouse-client --database polymarket --queries-file sql/venues/create-silver-events.sql
--
-- Every event that a market names is here, also one that no list of events shows (`listed` = false). What an event says of itself is
-- never replaced by what its market says of it: that is what `version` is for.
CREATE TABLE IF NOT EXISTS silver_events
(
    venue LowCardinality(String),
    event_id String,
    title String,
    slug String,
    category LowCardinality(String),
    markets Array(String) COMMENT 'market ids that the event itself lists',
    close_time Nullable(DateTime64(6, 'UTC')),
    created_time Nullable(DateTime64(6, 'UTC')),
    updated_time Nullable(DateTime64(6, 'UTC')),
    listed Bool,
    seen_at DateTime64(6, 'UTC'),
    version UInt64 DEFAULT if(listed, bitShiftLeft(toUInt64(1), 62), 0) + toUInt64(toUnixTimestamp64Micro(seen_at))
)
ENGINE = ReplacingMergeTree(version)
ORDER BY (venue, event_id)
