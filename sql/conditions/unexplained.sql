-- Tokens with fills whose condition nothing tells. One row a token, the most fills first; `total` counts all of them.
--
-- Parameters  fills, the table; limit
-- By hand     clickhouse-client --database polymarket --param_fills clob_fills --param_limit 10
--             --queries-file sql/conditions/unexplained.sql
SELECT toString(token_id) AS token, count() AS fills, count() OVER () AS total
FROM {fills:Identifier}
WHERE token_id NOT IN (SELECT token_id FROM outcome_tokens FINAL WHERE condition_id IS NOT NULL)
GROUP BY token_id
ORDER BY fills DESC, token_id
LIMIT {limit:UInt32}
