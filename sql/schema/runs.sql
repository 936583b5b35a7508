-- The runs that wrote into this database: where from, what, and how far. One row a run, its latest state.
--
-- Parameters  none
-- By hand     clickhouse-client --database polymarket --queries-file sql/schema/runs.sql
--
-- For people and dashboards: the truth about a run is its checkpoint folder. Read it with FINAL.
CREATE TABLE IF NOT EXISTS runs
(
    run String,
    phase LowCardinality(String),
    source String COMMENT 'URL without credentials',
    deployment String,
    block UInt64,
    pinned Bool,
    selection String,
    tokens UInt64,
    chunks UInt64,
    expected_rows UInt64,
    rows UInt64,
    rejected UInt64,
    failed_chunks UInt64,
    started_at DateTime64(3, 'UTC'),
    finished_at Nullable(DateTime64(3, 'UTC')),
    version String COMMENT 'of backfill',
    who String,
    detail String COMMENT 'JSON',
    updated_at DateTime64(3, 'UTC') DEFAULT now64(3)
)
ENGINE = ReplacingMergeTree(updated_at)
ORDER BY run
