-- Where tables stand that are told by their uuids (a table keeps its uuid through every rename and exchange), and what stands
-- under given names.
-- Parameters: database; names; uuids.
-- By hand: clickhouse client --param_database=polymarket --param_names="['clob_fills']" --param_uuids="[]"
--          --queries-file sql/promote/places.sql
SELECT name, toString(uuid) AS table_uuid
FROM system.tables
WHERE database = {database:String} AND (name IN {names:Array(String)} OR toString(uuid) IN {uuids:Array(String)})
