-- Drops a table whose replacement is live, or a backup beyond those to be kept.
-- Parameters: table.
-- By hand: clickhouse client --param_table=clob_fills_backup_20260131_120000_000 --queries-file sql/promote/drop.sql
DROP TABLE IF EXISTS {table:Identifier} SYNC
