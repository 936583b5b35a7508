-- How many parts of staging carry rows that were deleted by a mask, in a table that an earlier version has refreshed. One row.
--
-- Parameters  database
-- By hand     clickhouse-client --param_database polymarket --queries-file sql/refresh/masked_parts.sql
SELECT count() AS masked
FROM system.parts
WHERE active AND database = {database:String} AND table = 'clob_fills_staging' AND has_lightweight_delete
