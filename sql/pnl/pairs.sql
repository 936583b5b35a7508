-- Wallets and tokens that have both bought and sold, in one slice of the wallets: no others can have realized anything by the
-- average cost. Classed by their number of fills: lists that are folded together should be of like length.
-- Parameters: fills; pairs, made by `create-pairs.sql`; slices; slice, from 0.
-- By hand: clickhouse client --param_fills=clob_fills --param_pairs=pnl_pairs --param_slices=1 --param_slice=0
--          --queries-file sql/pnl/pairs.sql
INSERT INTO {pairs:Identifier} (wallet, token_id, fills, class)
SELECT wallet, token_id, pair_fills, intDiv(toUInt8(floor(log2(pair_fills))), 4)
FROM
(
    SELECT wallet, token_id, count() AS pair_fills
    FROM {fills:Identifier}
    WHERE cityHash64(wallet) % {slices:UInt32} = {slice:UInt32}
    GROUP BY wallet, token_id
    HAVING countIf(side = 'BUY') BETWEEN 1 AND pair_fills - 1
)
