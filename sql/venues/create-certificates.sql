-- What a run proves about a venue: one row a check.
--
-- Parameters  none
-- By hand     clickhouse-client --database polymarket --queries-file sql/venues/create-certificates.sql
--
-- `expected` and `found` are counts; a check without a count of its own (how a chain ended) has both NULL. A check that is not `required`
-- is told and does not make a venue incomplete.
CREATE TABLE IF NOT EXISTS certificates
(
    run String,
    venue LowCardinality(String),
    check String,
    expected Nullable(UInt64),
    found Nullable(UInt64),
    passed Bool,
    required Bool,
    detail String,
    at DateTime64(3, 'UTC')
)
ENGINE = ReplacingMergeTree(at)
ORDER BY (venue, run, check)
