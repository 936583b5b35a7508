-- The ten markets with most USDC. One row a market.
--
-- Parameters  table: the table of fills
-- By hand     clickhouse-client --database polymarket --param_table clob_fills --queries-file sql/demo/top_markets.sql
SELECT
    if(any(market.question) != '', any(market.question), concat('0x', lower(hex(condition)))) AS name,
    sum(token_fills) AS fills,
    toString(sum(token_usdc)) AS usdc,
    if(any(token.resolved), 'resolved', 'open') AS state
FROM
(
    SELECT token_id, count() AS token_fills, sum(toDecimal128(usdc, 6)) AS token_usdc
    FROM {table:Identifier} FINAL
    GROUP BY token_id
) AS traded
INNER JOIN
(
    SELECT token_id, assumeNotNull(condition_id) AS condition, payout_denominator > 0 AS resolved
    FROM outcome_tokens FINAL
    WHERE condition_id IS NOT NULL
) AS token USING (token_id)
LEFT JOIN (SELECT condition_id, question FROM markets FINAL) AS market ON market.condition_id = token.condition
GROUP BY condition
ORDER BY sum(token_usdc) DESC, condition
LIMIT 10
