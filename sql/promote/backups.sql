-- Tables whose name begins like a backup's, and their rows.
-- Parameters: database; prefix.
-- By hand: clickhouse client --param_database=polymarket --param_prefix=clob_fills_ --queries-file sql/promote/backups.sql
SELECT name, total_rows AS total
FROM system.tables
WHERE database = {database:String} AND startsWith(name, {prefix:String})
