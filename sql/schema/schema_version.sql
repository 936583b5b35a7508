-- Which structure the tables of this database have: the highest version counts. `backfill migrate` brings an older one up.
--
-- Parameters  none
-- By hand     clickhouse-client --database polymarket --queries-file sql/schema/schema_version.sql
CREATE TABLE IF NOT EXISTS schema_version
(
    version UInt32,
    at DateTime64(3, 'UTC') DEFAULT now64(3)
)
ENGINE = ReplacingMergeTree
ORDER BY version
