-- What a run was asked to load. No row: the run is not known. A refresh covers more than it was asked for: nothing is said of it.
-- Parameters: run.
-- By hand: clickhouse client --database polymarket --param_run=20260101-120000-ab12 --queries-file sql/promote/selection.sql
SELECT selection
FROM runs FINAL
WHERE run = {run:String} AND NOT JSONExtractBool(detail, 'refresh')
