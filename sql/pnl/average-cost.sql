-- What the pairs of one class and bucket have realized by the pnl-subgraph's rules. Per wallet and token, over its fills in order
-- of time, ties by their place in the chain where it is known and by id, state (held, average, realized), gross of fees, integers of micro-units, divisions truncate toward zero:
--   BUY  average = (average x held + price x amount) / (held + amount), held += amount
--   SELL a = min(amount, held), realized += a x (price - average) / 10^6, held -= a
-- A fold takes as long as the longest list of its block, hence the classes; and no two-level aggregation, which makes many blocks.
-- Parameters: fills; pairs; average_cost, to fill; class; buckets; bucket, from 0.
-- By hand: clickhouse client --param_fills=clob_fills --param_pairs=pnl_pairs --param_average_cost=pnl_average_cost --param_class=0
--          --param_buckets=1 --param_bucket=0 --queries-file sql/pnl/average-cost.sql
INSERT INTO {average_cost:Identifier} (wallet, token_id, realized)
WITH chosen AS
(
    SELECT wallet, token_id
    FROM {pairs:Identifier}
    WHERE class = {class:UInt8} AND cityHash64(wallet, token_id) % {buckets:UInt32} = {bucket:UInt32}
)
SELECT
    wallet,
    token_id,
    arrayFold(
        (state, e) -> (
            state.1 + e.1 - least(e.2, state.1),
            if(e.1 > 0, intDiv(state.2 * state.1 + e.3 * e.1, greatest(state.1 + e.1, toInt128(1))), state.2),
            state.3 + intDiv(least(e.2, state.1) * (e.3 - state.2), toInt128(1000000))),
        -- (bought, sold, price); a fill of no shares has no price and changes nothing.
        arrayMap(
            e -> (
                toInt128(if(e.6, e.7, 0)),
                toInt128(if(e.6, 0, e.7)),
                intDiv(toInt128(e.8) * 1000000, toInt128(greatest(e.7, 1)))),
            arraySort(events)),
        (toInt128(0), toInt128(0), toInt128(0))).3
FROM
(
    SELECT
        wallet,
        token_id,
        groupArray((block_time, block_number, log_index, tx_hash, order_hash, side = 'BUY', reinterpretAsInt64(shares), reinterpretAsInt64(usdc))) AS events
    FROM {fills:Identifier}
    WHERE token_id IN (SELECT token_id FROM chosen) AND (wallet, token_id) IN (SELECT wallet, token_id FROM chosen)
    GROUP BY wallet, token_id
)
SETTINGS group_by_two_level_threshold = 0, group_by_two_level_threshold_bytes = 0, max_bytes_before_external_group_by = 0,
    max_bytes_ratio_before_external_group_by = 0
