-- Tokens whose rows or USDC volume, per side, are not what the source counts for the run; the largest differences first.
-- Zero is the right default on both sides of the join: a token without a row holds zero rows.
-- Parameters: fills, the table; run; limit, how many to return at most (`differing` counts them all).
-- By hand: clickhouse client --param_fills=clob_fills_staging --param_run=20260101-120000-ab12 --param_limit=10
--          --queries-file sql/verify/counts.sql
SELECT
    toString(token_id) AS token,
    known,
    held_buys, held_sells, counted_buys, counted_sells,
    held_buy_micros, held_sell_micros, counted_buy_micros, counted_sell_micros,
    count() OVER () AS differing
FROM
(
    SELECT
        token_id,
        countIf(side = 'BUY') AS held_buys,
        countIf(side = 'SELL') AS held_sells,
        sumIf(toInt128(reinterpretAsInt64(usdc)), side = 'BUY') AS held_buy_micros,
        sumIf(toInt128(reinterpretAsInt64(usdc)), side = 'SELL') AS held_sell_micros
    FROM {fills:Identifier}
    -- The subgraph counts what it serves; rows of the chain have proofs of their own.
    WHERE exchange = 'v1'
    GROUP BY token_id
) AS held
FULL OUTER JOIN
(
    SELECT
        token_id,
        true AS known,
        any(buys) AS counted_buys,
        any(sells) AS counted_sells,
        reinterpretAsInt128(CAST(any(buy_usdc) AS Decimal(38, 6))) AS counted_buy_micros,
        reinterpretAsInt128(CAST(any(sell_usdc) AS Decimal(38, 6))) AS counted_sell_micros
    FROM source_counts
    WHERE run = {run:String}
    GROUP BY token_id
) AS counted USING (token_id)
WHERE held_buys != counted_buys OR held_sells != counted_sells
    OR held_buy_micros != counted_buy_micros OR held_sell_micros != counted_sell_micros
ORDER BY
    greatest(held_buys, counted_buys) - least(held_buys, counted_buys)
        + greatest(held_sells, counted_sells) - least(held_sells, counted_sells) DESC,
    abs(held_buy_micros - counted_buy_micros) + abs(held_sell_micros - counted_sell_micros) DESC,
    token_id
LIMIT {limit:UInt32}
SETTINGS join_use_nulls = 0
