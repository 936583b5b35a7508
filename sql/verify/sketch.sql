-- Conditions that may hold a transaction which does not conserve: their tokens, into a scratch table.
-- Per token, shares and cash are summed modulo 2^64, each times a hash of its transaction. Where every transaction of a
-- condition balances, the sums of its outcomes are equal, and the sum of its cash is their opposite; where one does not, that
-- is so by a chance of 2^-64, doubled for each factor 2 of what is missing. One pass by token, no join with the fills, no growth with them.
-- `weight` and `weights` are for the same question about single transactions, in `unbalanced.sql`.
-- Parameters: fills; map, made by `token-map.sql`; flagged, the table to make.
-- By hand: clickhouse client --param_fills=clob_fills_staging --param_map=check_tokens --param_flagged=check_flagged
--          --queries-file sql/verify/sketch.sql
CREATE OR REPLACE TABLE {flagged:Identifier}
ENGINE = MergeTree
ORDER BY token_id
-- Rows lost in a power cut would read as conditions that balance.
SETTINGS fsync_after_insert = 1, fsync_part_directory = 1
AS SELECT
    token_id, condition_id, position, outcomes, fills,
    cityHash64(token_id) AS weight,
    arraySum(arrayMap(t -> cityHash64(t), tokens)) AS weights
FROM
(
    SELECT
        condition_id,
        outcomes,
        groupArray(token_id) AS tokens,
        groupArray(position) AS positions,
        groupArray(token_fills) AS counts,
        min(token_shares) AS least,
        max(token_shares) AS most,
        sum(token_cash) AS cash
    FROM {map:Identifier} AS m
    LEFT JOIN
    (
        SELECT
            token_id,
            count() AS token_fills,
            sum(cityHash64(tx_hash) * if(side = 'BUY', reinterpretAsInt64(shares), -reinterpretAsInt64(shares))) AS token_shares,
            sum(cityHash64(tx_hash) * if(side = 'BUY', -reinterpretAsInt64(usdc), reinterpretAsInt64(usdc))) AS token_cash
        FROM {fills:Identifier}
        GROUP BY token_id
    ) AS held USING (token_id)
    WHERE outcomes > 1
    GROUP BY condition_id, outcomes
    HAVING least != most OR cash + least != 0
)
ARRAY JOIN tokens AS token_id, positions AS position, counts AS fills
SETTINGS join_use_nulls = 0
