-- The average cost of one batch of giants, as in `wallet-market.sql`, word for word. All lists of a batch are folded side by
-- side, in one block (no two-level aggregation: it would make many), so it takes as long as the longest.
-- Parameters: fills; giants; giant_pnl, to fill; batch.
-- By hand: clickhouse client --param_fills=clob_fills --param_giants=pnl_giants --param_giant_pnl=pnl_giant_pnl --param_batch=0
--          --queries-file sql/pnl/giant-pnl.sql
INSERT INTO {giant_pnl:Identifier} (wallet, token_id, giant, realized)
SELECT
    wallet,
    token_id,
    true,
            arrayFold(
                (state, e) -> (
                    state.1 + e.1 - least(e.2, state.1),
                    if(e.1 > 0, intDiv(state.2 * state.1 + e.3 * e.1, greatest(state.1 + e.1, toInt128(1))), state.2),
                    state.3 + intDiv(least(e.2, state.1) * (e.3 - state.2), toInt128(1000000))),
                arrayMap(
                    e -> (
                        toInt128(if(e.4, e.5, 0)),
                        toInt128(if(e.4, 0, e.5)),
                        intDiv(toInt128(e.6) * 1000000, toInt128(greatest(e.5, 1)))),
                    arraySort(events)),
                (toInt128(0), toInt128(0), toInt128(0))).3
FROM
(
    SELECT
        wallet,
        token_id,
        groupArray((block_time, tx_hash, order_hash, side = 'BUY', reinterpretAsInt64(shares), reinterpretAsInt64(usdc))) AS events
    FROM {fills:Identifier}
    WHERE token_id IN (SELECT token_id FROM {giants:Identifier} WHERE batch = {batch:UInt32})
        AND (wallet, token_id) IN (SELECT wallet, token_id FROM {giants:Identifier} WHERE batch = {batch:UInt32})
    GROUP BY wallet, token_id
)
SETTINGS group_by_two_level_threshold = 0, group_by_two_level_threshold_bytes = 0, max_bytes_before_external_group_by = 0,
    max_bytes_ratio_before_external_group_by = 0
