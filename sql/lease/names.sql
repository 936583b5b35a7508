-- The leases that exist, the newest first, and who made them: the newest counts. Never empty once a lease was taken.
--
-- Parameters  database
-- By hand     clickhouse-client --param_database polymarket --queries-file sql/lease/names.sql
SELECT name, comment
FROM system.tables
WHERE database = {database:String} AND match(name, '^backfill_lease_[0-9]{10}$')
ORDER BY name DESC
