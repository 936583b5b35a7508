-- How much a table takes, and what is free on the disks that hold it.
-- Parameters: database; table.
-- By hand: clickhouse client --param_database=polymarket --param_table=clob_fills_staging --queries-file sql/promote/space.sql
SELECT
    (
        SELECT sum(bytes_on_disk)
        FROM system.parts
        WHERE active AND database = {database:String} AND table = {table:String}
    ) AS bytes,
    sum(free_space) AS free,
    count() AS disks
FROM system.disks
WHERE name IN
(
    SELECT disk_name
    FROM system.parts
    WHERE active AND database = {database:String} AND table = {table:String}
)
