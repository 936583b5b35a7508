-- Tokens whose place and payout the P&L subgraph told before, of the conditions given. One row a token.
--
-- Parameters  conditions  64 hex digits each, lower case
-- By hand     clickhouse-client --database polymarket --param_conditions "['12ab…']" --queries-file sql/markets/known_tokens.sql
SELECT toString(token_id) AS token, lower(hex(condition_id)) AS condition
FROM outcome_tokens FINAL
WHERE source = 'pnl' AND lower(hex(condition_id)) IN {conditions:Array(String)}
