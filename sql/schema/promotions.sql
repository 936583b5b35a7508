-- Every exchange of a live table, recorded before and after it: who put which rows in front of the readers, and what they
-- replaced. Two rows a promotion; one alone is a promotion that was cut short.
--
-- Parameters  none
-- By hand     clickhouse-client --database polymarket --queries-file sql/schema/promotions.sql
--
-- An insert may be repeated when its acknowledgement is lost, hence the engine; read it with FINAL.
CREATE TABLE IF NOT EXISTS promotions
(
    promotion String COMMENT 'names the pair of rows',
    phase Enum8('before' = 1, 'after' = 2),
    action LowCardinality(String) COMMENT 'promote, rollback, rebuild-pnl, migrate',
    run String,
    rows UInt64 COMMENT 'of the table that goes live',
    checksum String,
    live_table String,
    staging_table String,
    backup_table String,
    live_uuid Nullable(UUID),
    staging_uuid Nullable(UUID),
    backup_uuid Nullable(UUID),
    at DateTime64(3, 'UTC') DEFAULT now64(3),
    who String,
    detail String COMMENT 'JSON'
)
ENGINE = ReplacingMergeTree(at)
ORDER BY (promotion, phase)
