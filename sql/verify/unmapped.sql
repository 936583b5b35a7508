-- Fills whose condition or whose complement is not known, so that conservation cannot be checked for them.
-- Parameters: fills; map, made by `token-map.sql`.
-- By hand: clickhouse client --param_fills=clob_fills_staging --param_map=check_tokens --queries-file sql/verify/unmapped.sql
SELECT
    sum(held_rows) AS total_rows,
    sum(micros) AS total_micros,
    countIf(outcomes < 2) AS unmapped_tokens,
    sumIf(held_rows, outcomes < 2) AS unmapped_rows,
    sumIf(micros, outcomes < 2) AS unmapped_micros
FROM
(
    SELECT token_id, count() AS held_rows, sum(toInt128(reinterpretAsInt64(usdc))) AS micros
    FROM {fills:Identifier}
    GROUP BY token_id
) AS held
LEFT JOIN {map:Identifier} AS m USING (token_id)
SETTINGS join_use_nulls = 0
