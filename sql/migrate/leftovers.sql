-- Copies that a migration has not finished. While none runs, all of them are left over.
--
-- Parameters  database
-- By hand     clickhouse-client --param_database polymarket --queries-file sql/migrate/leftovers.sql
SELECT name
FROM system.tables
WHERE database = {database:String} AND match(name, '_migration_[0-9a-f]{12}$')
