-- Every transaction and condition that does not conserve, among the flagged conditions and in one slice of the transactions.
-- Gross amounts, signs as in facts: bought shares +, paid cash -. Balanced is: the same net shares of every outcome, and cash
-- their opposite. Needs nothing but the fills, so that it can run while the source is still being asked what it is short of.
-- Only suspects are grouped exactly: transactions, by their hash, whose shares, each times the weight of its token, less their
-- cost, times the weights of all tokens of its condition, do not sum to 0 modulo 2^64. One that balances always does; one that does
-- not does by a chance of 2^-64, doubled for each factor 2 of what is missing. Measured on 20 million fills: 3.1 s instead of 23.
-- Parameters: fills; flagged, made by `sketch.sql`; unbalanced, the table to fill; exchanges, their addresses as hex without
-- 0x; slices; slice, from 0.
-- By hand: clickhouse client --param_fills=clob_fills_staging --param_flagged=check_flagged
--          --param_unbalanced=check_unbalanced --param_exchanges="['4bfb…']"
--          --param_slices=1 --param_slice=0 --queries-file sql/verify/unbalanced.sql
INSERT INTO {unbalanced:Identifier}
    (tx_hash, condition_id, fills, cash, shares, volume, legs, exchange_fills, exchange_sells, exchange_paid, sold_position, dust)
WITH arrayMap(x -> toFixedString(unhex(x), 20), {exchanges:Array(String)}) AS exchanges
SELECT
    tx_hash,
    condition_id,
    count() AS fills,
    sum(if(side = 'BUY', -micros, micros)) AS cash,
    sumForEach(arrayMap(i -> if(i = position, if(side = 'BUY', micro_shares, -micro_shares), toInt128(0)), range(1, outcomes + 1))) AS shares,
    sum(micros) AS volume,
    groupUniqArray(toUInt32(2 * position + (side = 'SELL'))) AS legs,
    countIf(has(exchanges, counterparty)) AS exchange_fills,
    countIf(has(exchanges, counterparty) AND side = 'SELL') AS exchange_sells,
    sumIf(micros, has(exchanges, counterparty) AND side = 'BUY') AS exchange_paid,
    maxIf(position, has(exchanges, counterparty) AND side = 'SELL') AS sold_position,
    sumIf(intDiv(micro_shares, greatest(micros, toInt128(1))) + 1, NOT has(exchanges, counterparty)) AS dust
FROM
(
    SELECT
        tx_hash, counterparty, side, condition_id, position, outcomes,
        toInt128(reinterpretAsInt64(f.shares)) AS micro_shares,
        toInt128(reinterpretAsInt64(f.usdc)) AS micros
    FROM {fills:Identifier} AS f
    INNER JOIN {flagged:Identifier} AS m ON m.token_id = f.token_id
    WHERE f.token_id IN (SELECT token_id FROM {flagged:Identifier})
        AND cityHash64(tx_hash) IN
        (
            SELECT cityHash64(tx_hash) AS suspect
            FROM {fills:Identifier} AS s
            INNER JOIN {flagged:Identifier} AS w ON w.token_id = s.token_id
            WHERE s.token_id IN (SELECT token_id FROM {flagged:Identifier})
                AND suspect % {slices:UInt32} = {slice:UInt32}
            GROUP BY suspect
            HAVING sum(if(side = 'BUY', 1, -1) * (reinterpretAsInt64(s.shares) * weight - reinterpretAsInt64(s.usdc) * weights)) != 0
        )
)
GROUP BY tx_hash, condition_id
HAVING arrayUniq(shares) > 1 OR cash + shares[1] != 0
