-- Whether FINAL gives the tokens that were written with a version. `kept` are those that the chain has told, which no subgraph
-- replaces. One row.
--
-- Parameters  version: as they were written with
-- By hand     clickhouse-client --database polymarket --param_version '2026-01-01 00:00:00.000' --queries-file sql/markets/written_tokens.sql
SELECT
    (SELECT uniqExact(token_id) FROM outcome_tokens WHERE source = 'chain') AS kept,
    count() AS tokens,
    countIf(payout_denominator > 0) AS resolved
FROM outcome_tokens FINAL
WHERE updated_at = {version:DateTime64(3, 'UTC')}
