-- Of which tokens and sides the source serves fewer fills than it counts, as the run that is live has found. One row each.
--
-- Parameters  run String: the run that is live
-- By hand     clickhouse-client --database polymarket --param_run 20260101-000000-abcd --queries-file sql/refresh/known_short.sql
SELECT
    toString(token_id) AS token,
    side,
    counted_rows AS countedRows,
    served_rows AS servedRows,
    toString(reinterpretAsInt128(counted_usdc)) AS countedMicros,
    toString(reinterpretAsInt128(served_usdc)) AS servedMicros
FROM source_short FINAL
WHERE run = {run:String}
