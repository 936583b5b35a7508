-- Runs of `backfill ingest`, one row a venue. The latest row of a run and venue counts.
--
-- Parameters  none
-- By hand     clickhouse-client --database polymarket --queries-file sql/venues/create-ingest-runs.sql
--
-- `selection` is what the run was asked for; a run with the same one continues an unfinished run. `started_at` also tells which rows
-- of silver a run has seen.
CREATE TABLE IF NOT EXISTS ingest_runs
(
    run String,
    venue LowCardinality(String),
    type Enum8('static' = 1, 'delta' = 2),
    choice String COMMENT 'empty: everything that is listed',
    selection String,
    started_at DateTime64(3, 'UTC'),
    ended_at Nullable(DateTime64(3, 'UTC')),
    complete Bool,
    requests UInt64,
    failure String,
    version DateTime64(3, 'UTC')
)
ENGINE = ReplacingMergeTree(version)
ORDER BY (venue, run)
