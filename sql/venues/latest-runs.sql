-- The latest run of each venue.
--
-- Parameters  none
-- By hand     clickhouse-client --database polymarket --queries-file sql/venues/latest-runs.sql
SELECT
    venue,
    argMax(run, started_at) AS latest,
    toString(argMax(type, started_at)) AS run_type,
    max(started_at) AS begun_at,
    toUnixTimestamp64Milli(begun_at) AS begun_ms,
    max(ended_at) AS loaded_at,
    argMax(ended_at IS NOT NULL, started_at) AS ended,
    argMax(complete, started_at) AS is_complete,
    argMax(failure, started_at) AS why
FROM ingest_runs FINAL
GROUP BY venue
ORDER BY venue
