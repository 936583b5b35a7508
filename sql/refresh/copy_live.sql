-- Makes the empty staging table hold the parts of the live one, by reference: nothing is read or written.
--
-- Parameters  none
-- By hand     clickhouse-client --database polymarket --queries-file sql/refresh/copy_live.sql
ALTER TABLE clob_fills_staging ATTACH PARTITION tuple() FROM clob_fills
