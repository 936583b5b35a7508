-- Which table stands under which name: a table keeps its uuid through every rename and exchange.
-- Parameters: database; names.
-- By hand: clickhouse client --param_database=polymarket --param_names="['clob_fills']" --queries-file sql/promote/places.sql
SELECT name, toString(uuid) AS table_uuid
FROM system.tables
WHERE database = {database:String} AND name IN {names:Array(String)}
