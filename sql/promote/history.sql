-- Every promotion, oldest first; two rows each, one for a promotion that was cut short.
-- By hand: clickhouse client --database polymarket --queries-file sql/promote/history.sql
SELECT
    promotion, phase, action, run, rows, checksum, live_table, staging_table, backup_table,
    toString(live_uuid) AS old_uuid,
    toString(staging_uuid) AS new_uuid,
    detail
FROM promotions FINAL
ORDER BY promotion, phase
