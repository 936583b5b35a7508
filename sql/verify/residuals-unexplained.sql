-- The largest residuals without an explanation.
-- Parameters: residuals, the table of `residuals.sql`; limit.
-- By hand: clickhouse client --param_residuals=conservation_residuals --param_limit=10
--          --queries-file sql/verify/residuals-unexplained.sql
SELECT
    tx_hash_hex AS transaction,
    condition_id_hex AS condition,
    fills,
    toString(cash) AS cash_micros,
    arrayStringConcat(arrayMap(s -> toString(s), shares), ' ') AS share_micros
FROM {residuals:Identifier}
WHERE explanation = 'unexplained'
ORDER BY arrayMax(arrayMap(s -> abs(cash + s), shares)) DESC, tx_hash
LIMIT {limit:UInt32}
