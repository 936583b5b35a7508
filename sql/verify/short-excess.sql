-- Conditions in which more transactions are excused by source-short tokens than fills are missing there: a missing fill
-- spoils one transaction, so the excess has another cause.
-- Parameters: residuals, the table of `residuals.sql`; map, made by `token-map.sql`; run; limit.
-- By hand: clickhouse client --param_residuals=conservation_residuals --param_map=check_tokens
--          --param_run=20260101-120000-ab12 --param_limit=10 --queries-file sql/verify/short-excess.sql
SELECT
    concat('0x', lower(hex(condition_id))) AS condition,
    excused,
    missing
FROM
(
    SELECT condition_id, count() AS excused
    FROM {residuals:Identifier}
    WHERE explanation = 'source short'
    GROUP BY condition_id
) AS residuals
LEFT JOIN
(
    SELECT m.condition_id AS condition_id, sum(s.counted_rows - s.served_rows) AS missing
    FROM source_short AS s FINAL
    INNER JOIN {map:Identifier} AS m ON m.token_id = s.token_id
    WHERE s.run = {run:String}
    GROUP BY condition_id
) AS short USING (condition_id)
WHERE excused > missing
ORDER BY excused - missing DESC
LIMIT {limit:UInt32}
SETTINGS join_use_nulls = 0
