-- How often a lease was renewed, how long ago by the server's clock, and whether its holder has given it back. One row.
--
-- Parameters  lease: its table
-- By hand     clickhouse-client --database polymarket --param_lease backfill_lease_0000000001 --queries-file sql/lease/beats.sql
SELECT
    count() AS beats,
    if(beats = 0, 0, toUnixTimestamp64Milli(now64(3)) - toUnixTimestamp64Milli(max(at))) AS age_ms,
    countIf(state = 'released') > 0 AS released
FROM {lease:Identifier}
