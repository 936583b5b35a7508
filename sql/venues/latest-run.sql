-- The latest run of a venue with a selection, and the latest complete one of a type.
--
-- Parameters  venue:String, selection:String ('' for any), type:String ('' for any), choice:String (that choice, or everything),
--             complete:Bool (true: complete ones only)
-- By hand     clickhouse-client --database polymarket --param_venue kalshi --param_selection '' --param_type static --param_choice '' --param_complete true --queries-file sql/venues/latest-run.sql
SELECT run, type, selection, started_at, toUnixTimestamp64Milli(started_at) AS started_ms, ended_at, complete
FROM ingest_runs FINAL
WHERE venue = {venue:String}
    AND ({selection:String} = '' OR selection = {selection:String})
    AND ({type:String} = '' OR toString(type) = {type:String})
    AND choice IN ('', {choice:String})
    AND (NOT {complete:Bool} OR complete)
ORDER BY started_at DESC
LIMIT 1
