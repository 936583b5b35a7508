-- Every token that has fills: its condition and payouts, and the last price paid for it: that of the last fill, by time and id,
-- with two legs. Its second is found first; only the fills of that second are then compared by their ids.
-- Parameters: fills; map, made by `verify/token-map.sql`; tokens, made by `create-tokens.sql`.
-- By hand: clickhouse client --param_fills=clob_fills --param_map=check_tokens --param_tokens=pnl_tokens
--          --queries-file sql/pnl/tokens.sql
INSERT INTO {tokens:Identifier}
    (token_id, condition_id, position, outcomes, numerator, numerators, denominator, last_usdc, last_shares)
SELECT
    token_id,
    condition_id,
    position,
    outcomes,
    if(denominator > 0, numerators[position], toInt256(0)),
    numerators,
    denominator,
    last.1,
    last.2
FROM
(
    SELECT token_id FROM {fills:Identifier} GROUP BY token_id
) AS held
LEFT JOIN
(
    SELECT token_id, argMax((reinterpretAsInt64(usdc), reinterpretAsInt64(shares)), (block_number, log_index, tx_hash, order_hash)) AS last
    FROM {fills:Identifier}
    WHERE usdc > 0 AND shares > 0 AND (token_id, block_time) IN
    (
        SELECT token_id, max(block_time)
        FROM {fills:Identifier}
        WHERE usdc > 0 AND shares > 0
        GROUP BY token_id
    )
    GROUP BY token_id
) AS priced USING (token_id)
LEFT JOIN {map:Identifier} AS m USING (token_id)
SETTINGS join_use_nulls = 0
