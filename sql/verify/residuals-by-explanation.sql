-- The residuals by explanation: how many, their volume, and what they leave over.
-- Parameters: residuals, the table of `residuals.sql`.
-- By hand: clickhouse client --param_residuals=conservation_residuals --queries-file sql/verify/residuals-by-explanation.sql
SELECT
    explanation,
    count() AS transactions,
    sum(volume) AS micros,
    sum(cash + shares[1]) AS residual
FROM {residuals:Identifier}
GROUP BY explanation
ORDER BY transactions DESC
