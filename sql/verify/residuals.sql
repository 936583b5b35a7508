-- Every transaction and condition that does not conserve, among the flagged conditions and in one slice of the transactions,
-- with what explains it. Gross amounts, signs as in facts: bought shares +, paid cash -. Balanced is: the same net shares of
-- every outcome, and cash their opposite. Explanations, the first that fits:
--   refund        the shares balance and cash + shares is negative: the aggressor's BUY names more than he spent
--   direct fill   a lone fill whose counterparty is no exchange: made by the operator, it has no other side
--   rejected row  a fill of this transaction was rejected, and verify was told to accept that
--   uncounted     a fill of a token whose counts cannot be read: nobody can tell whether the source is short of it
--   source short  a fill of a token and side of which the source serves fewer than it counts: a leg was overwritten
--   share dust    the aggressor's SELL exceeds what was bought by less than the rounding of those fills: given back to him
--   unexplained   any other; fails
-- Parameters: fills; flagged, made by `sketch.sql`; residuals, the table to fill; run, whose `source_short`, `uncounted_tokens`
-- and `rejected_fills` count; exchanges, their addresses as hex without 0x; slices; slice, from 0.
-- By hand: clickhouse client --param_fills=clob_fills_staging --param_flagged=check_flagged
--          --param_residuals=conservation_residuals --param_run=20260101-120000-ab12 --param_exchanges="['4bfb…']"
--          --param_slices=1 --param_slice=0 --queries-file sql/verify/residuals.sql
INSERT INTO {residuals:Identifier} (tx_hash, condition_id, fills, cash, shares, volume, explanation)
WITH arrayMap(x -> toFixedString(unhex(x), 20), {exchanges:Array(String)}) AS exchanges
SELECT
    tx_hash,
    condition_id,
    fills,
    cash,
    shares,
    volume,
    multiIf(
        arrayUniq(shares) = 1 AND cash + shares[1] < 0 AND -(cash + shares[1]) <= exchange_paid, 'refund',
        fills = 1 AND exchange_fills = 0, 'direct fill',
        tx_hash IN (SELECT tx_hash FROM rejected_fills WHERE run = {run:String}), 'rejected row',
        uncounted_fills > 0, 'uncounted',
        short_fills > 0, 'source short',
        exchange_sells = 1 AND arrayMax(arrayMap(s -> cash + s, shares)) = 0
            AND arrayCount(s -> cash + s != 0, shares) = 1 AND cash + shares[sold_position] < 0
            AND -(cash + shares[sold_position]) <= dust, 'share dust',
        'unexplained') AS explanation
FROM
(
    SELECT
        tx_hash,
        condition_id,
        count() AS fills,
        sum(if(side = 'BUY', -micros, micros)) AS cash,
        sumForEach(arrayMap(i -> if(i = position, if(side = 'BUY', micro_shares, -micro_shares), toInt128(0)), range(1, outcomes + 1))) AS shares,
        sum(micros) AS volume,
        countIf(has(exchanges, counterparty)) AS exchange_fills,
        countIf(has(exchanges, counterparty) AND side = 'SELL') AS exchange_sells,
        sumIf(micros, has(exchanges, counterparty) AND side = 'BUY') AS exchange_paid,
        maxIf(position, has(exchanges, counterparty) AND side = 'SELL') AS sold_position,
        countIf(short) AS short_fills,
        countIf(uncounted) AS uncounted_fills,
        sumIf(intDiv(micro_shares, greatest(micros, toInt128(1))) + 1, NOT has(exchanges, counterparty)) AS dust
    FROM
    (
        SELECT
            tx_hash, counterparty, side, condition_id, position, outcomes,
            toInt128(reinterpretAsInt64(f.shares)) AS micro_shares,
            toInt128(reinterpretAsInt64(f.usdc)) AS micros,
            (f.token_id, toInt8(side)) IN
                (SELECT token_id, toInt8(side) FROM source_short WHERE run = {run:String}) AS short,
            f.token_id IN (SELECT token_id FROM uncounted_tokens WHERE run = {run:String}) AS uncounted
        FROM {fills:Identifier} AS f
        INNER JOIN {flagged:Identifier} AS m ON m.token_id = f.token_id
        WHERE f.token_id IN (SELECT token_id FROM {flagged:Identifier})
            AND cityHash64(tx_hash) % {slices:UInt32} = {slice:UInt32}
    )
    GROUP BY tx_hash, condition_id
    HAVING arrayUniq(shares) > 1 OR cash + shares[1] != 0
)
