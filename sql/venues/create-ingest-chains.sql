-- How far each chain of requests of a run has come, and how it ended: the checkpoint and the proof.
--
-- Parameters  none
-- By hand     clickhouse-client --database polymarket --queries-file sql/venues/create-ingest-chains.sql
--
-- A row is written after the rows that it stands for are acknowledged. `state` is what the next request is made of, NULL at the end;
-- `ended_by` is the marker that ended the chain. `cursors` are hashes of the cursors so far: one that comes twice is an error.
CREATE TABLE IF NOT EXISTS ingest_chains
(
    run String,
    venue LowCardinality(String),
    chain String,
    kind LowCardinality(String),
    state Nullable(String),
    pages UInt32,
    records UInt64,
    dropped UInt64 COMMENT 'left out on purpose: combos',
    rejected UInt64 COMMENT 'could not be read; they are in bronze and in anomalies',
    missing UInt64 COMMENT 'asked for by name and not answered',
    total Nullable(UInt64) COMMENT 'rows that the venue says there are',
    cursors Array(String),
    ended_by String,
    version UInt64
)
ENGINE = ReplacingMergeTree(version)
ORDER BY (venue, run, chain)
