-- Tokens with fills, live or staged, whose condition nothing tells. One row a token, the most fills first; `total` counts all of them.
--
-- Parameters  fills, others: two tables, or twice the same; limit
-- By hand     clickhouse-client --database polymarket --param_fills clob_fills --param_others clob_fills_staging --param_limit 10
--             --queries-file sql/conditions/unexplained.sql
SELECT toString(token_id) AS token, sum(rows) AS fills, count() OVER () AS total
FROM
(
    SELECT token_id, count() AS rows FROM {fills:Identifier} GROUP BY token_id
    UNION ALL
    SELECT token_id, count() AS rows FROM {others:Identifier} GROUP BY token_id
)
WHERE token_id NOT IN (SELECT token_id FROM outcome_tokens FINAL WHERE condition_id IS NOT NULL)
GROUP BY token_id
ORDER BY fills DESC, token_id
LIMIT {limit:UInt32}
