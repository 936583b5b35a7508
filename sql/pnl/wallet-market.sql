-- Both measures for every wallet and market, in one slice of the wallets. Integers of micro-units all the way; divisions
-- truncate toward zero.
-- Ledger: cash and net shares of fees; payout = the sum over outcomes of net shares x numerator / denominator.
-- Average cost, per wallet and token over its fills in order of time, ties by id, state (held, average, realized), gross:
--   BUY  average = (average x held + price x amount) / (held + amount), held += amount
--   SELL a = min(amount, held), realized += a x (price - average) / 10^6, held -= a
-- Only a wallet that has both bought and sold a token can have realized anything, so only those are folded; those with many
-- fills (`giants.sql`) are not: each step of the longest list is paid for by every list beside it.
-- Parameters: fills; tokens; giant_pnl, made by `giant-pnl.sql`; table, to fill; slices; slice, from 0.
-- By hand: clickhouse client --param_fills=clob_fills --param_tokens=pnl_tokens --param_giant_pnl=pnl_giant_pnl
--          --param_table=wallet_market_pnl_staging --param_slices=1 --param_slice=0 --queries-file sql/pnl/wallet-market.sql
INSERT INTO {table:Identifier}
    (wallet, condition_id, fills, buy_usdc, sell_usdc, fee_usdc, fee_shares, volume_usdc, cash, net_shares,
     fee_shares_by_outcome, resolved, payout, ledger_pnl, mark_value, avg_cost_realized, first_fill, last_fill)
WITH x -> reinterpret(toInt128(x), 'Decimal(38, 6)') AS money
SELECT
    wallet,
    condition_id,
    market_fills,
    money(bought),
    money(sold),
    money(cash_fees),
    money(fees_in_shares),
    money(bought + sold),
    money(net_cash),
    arrayMap(x -> money(x), net),
    arrayMap(x -> money(x), share_fees),
    denominator > 0,
    if(denominator > 0, money(worth), NULL),
    if(denominator > 0, money(net_cash + worth), NULL),
    if(denominator > 0 OR (unpriced > 0), NULL, money(mark)),
    money(realized),
    first_at,
    last_at
FROM
(
    SELECT
        wallet,
        t.condition_id AS condition_id,
        any(t.outcomes) AS outcomes,
        any(t.denominator) AS denominator,
        sum(held.fills) AS market_fills,
        sum(held.buy_micros) AS bought,
        sum(held.sell_micros) AS sold,
        sum(held.fee_micros) AS cash_fees,
        sold - cash_fees - bought AS net_cash,
        sum(held.fee_shares) AS fees_in_shares,
        -- Nearly every condition has two outcomes; lists are only made for others.
        sumIf(held.net_shares, t.position = 1) AS net_1,
        sumIf(held.net_shares, t.position = 2) AS net_2,
        sumIf(held.fee_shares, t.position = 1) AS fees_1,
        sumIf(held.fee_shares, t.position = 2) AS fees_2,
        groupArrayIf((t.position, held.net_shares, held.fee_shares), t.outcomes > 2) AS legs,
        arraySlice([net_1, net_2], 1, outcomes) AS net_of_two,
        arraySlice([fees_1, fees_2], 1, outcomes) AS fees_of_two,
        if(empty(legs), [], range(1, outcomes + 1)) AS positions,
        if(empty(legs), net_of_two, arrayMap(i -> arraySum(arrayMap(l -> if(l.1 = i, l.2, toInt128(0)), legs)), positions)) AS net,
        if(empty(legs), fees_of_two, arrayMap(i -> arraySum(arrayMap(l -> if(l.1 = i, l.3, toInt128(0)), legs)), positions)) AS share_fees,
        -- One row here is one outcome of the wallet: each is truncated by itself.
        sum(intDiv(toInt256(held.net_shares) * t.numerator, greatest(t.denominator, toInt256(1)))) AS worth,
        sum(intDiv(toInt256(held.net_shares) * t.last_usdc, greatest(t.last_shares, 1))) AS mark,
        countIf(held.net_shares != 0 AND t.last_shares = 0) AS unpriced,
        sum(held.realized) AS realized,
        min(held.first_at) AS first_at,
        max(held.last_at) AS last_at
    FROM
    (
        SELECT
            wallet, token_id, fills, buy_micros, sell_micros, fee_micros, net_shares, fee_shares, first_at, last_at,
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
                    arraySort(if(buy_fills > 0 AND buy_fills < fills, events, []))),
                (toInt128(0), toInt128(0), toInt128(0))).3 + giant_realized AS realized
        FROM
        (
            SELECT
                wallet,
                token_id,
                count() AS fills,
                countIf(side = 'BUY') AS buy_fills,
                sumIf(toInt128(reinterpretAsInt64(f.usdc)), side = 'BUY') AS buy_micros,
                sumIf(toInt128(reinterpretAsInt64(f.usdc)), side = 'SELL') AS sell_micros,
                sumIf(toInt128(reinterpretAsInt64(f.fee)), side = 'SELL') AS fee_micros,
                sumIf(toInt128(reinterpretAsInt64(f.fee)), side = 'BUY') AS fee_shares,
                sum(if(side = 'BUY', toInt128(reinterpretAsInt64(f.shares)) - reinterpretAsInt64(f.fee),
                    -toInt128(reinterpretAsInt64(f.shares)))) AS net_shares,
                min(block_time) AS first_at,
                max(block_time) AS last_at,
                any(g.realized) AS giant_realized,
                groupArrayIf(
                    (block_time, tx_hash, order_hash, side = 'BUY', reinterpretAsInt64(f.shares), reinterpretAsInt64(f.usdc)),
                    NOT g.giant) AS events
            FROM {fills:Identifier} AS f
            LEFT JOIN {giant_pnl:Identifier} AS g ON g.wallet = f.wallet AND g.token_id = f.token_id
            WHERE cityHash64(f.wallet) % {slices:UInt32} = {slice:UInt32}
            GROUP BY wallet, token_id
        )
    ) AS held
    INNER JOIN {tokens:Identifier} AS t ON t.token_id = held.token_id
    GROUP BY wallet, t.condition_id
)
SETTINGS join_use_nulls = 0
