-- Tables that wait under the number of a lease for their exchange: only the holder of that number can name them.
--
-- Parameters  database
-- By hand     clickhouse-client --param_database polymarket --queries-file sql/lease/incoming.sql
SELECT name, toString(uuid) AS table_uuid
FROM system.tables
WHERE database = {database:String} AND match(name, '^backfill_incoming_[0-9]{10}_[0-9a-f]{32}$')
ORDER BY name
