-- Records of the venues exactly as they were received, one row for each content.
--
-- Parameters  none
-- By hand     clickhouse-client --database polymarket --queries-file sql/venues/create-bronze-responses.sql
--
-- A record that comes again with the same content adds nothing but its `last_seen`; one that changed is a further row. `hash` is the
-- first half of the SHA-256 of `body`, in hex. A record is what lies in a listing, without the cursor and the envelope around it.
CREATE TABLE IF NOT EXISTS bronze_responses
(
    venue LowCardinality(String),
    endpoint LowCardinality(String),
    record_id String,
    hash String,
    body SimpleAggregateFunction(anyLast, String) CODEC(ZSTD(3)),
    first_seen SimpleAggregateFunction(min, DateTime64(3, 'UTC')),
    last_seen SimpleAggregateFunction(max, DateTime64(3, 'UTC'))
)
ENGINE = AggregatingMergeTree
ORDER BY (venue, endpoint, record_id, hash)
