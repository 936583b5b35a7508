-- What each token is, in the form that checks and P&L work with: its condition, its place in it from 1, all payouts of it.
-- Where an index is not known (the token is known from the orderbook subgraph alone), the tokens of the condition are placed
-- by id: enough to check conservation, which does not ask which outcome is which; such a condition has no payouts.
-- Parameters: map, the table made by `create-token-map.sql`.
-- By hand: clickhouse client --param_map=check_tokens --queries-file sql/verify/token-map.sql
INSERT INTO {map:Identifier} (token_id, condition_id, position, outcomes, numerators, denominator)
SELECT
    token.2 AS token_id,
    condition AS condition_id,
    position,
    length(tokens) AS outcomes,
    if(payable, arrayMap(t -> toInt256(t.3), tokens), []) AS numerators,
    if(payable, toInt256(tokens[1].4), toInt256(0)) AS denominator
FROM
(
    SELECT
        assumeNotNull(condition_id) AS condition,
        arraySort(groupArray((ifNull(toInt32(outcome_index), 1000), token_id, payout_numerator, payout_denominator))) AS tokens,
        -- Places 0, 1, …, one denominator, and payouts that share out exactly one collateral.
        arrayMap(t -> t.1, tokens) = range(0, toInt32(length(tokens)))
            AND arrayUniq(arrayMap(t -> t.4, tokens)) = 1
            AND tokens[1].4 > 0
            AND arraySum(arrayMap(t -> t.3, tokens)) = tokens[1].4 AS payable
    FROM outcome_tokens FINAL
    WHERE condition_id IS NOT NULL
    GROUP BY condition
)
ARRAY JOIN tokens AS token, arrayEnumerate(tokens) AS position
