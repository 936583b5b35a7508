-- Both measures for every wallet and market, in one slice of the wallets. Integers of micro-units all the way; divisions
-- truncate toward zero. Ledger: cash and net shares are net of fees; payout is the sum over outcomes of net shares x numerator /
-- denominator. The average cost comes from `average-cost.sql`, for the pairs of wallet and token that have any.
-- Parameters: fills; tokens; average_cost; table, to fill; slices; slice, from 0.
-- By hand: clickhouse client --param_fills=clob_fills --param_tokens=pnl_tokens --param_average_cost=pnl_average_cost
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
        held.wallet AS wallet,
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
        -- Only a split payout needs the wide division.
        sum(multiIf(
            t.numerator = 0, toInt256(0),
            t.numerator = t.denominator, toInt256(held.net_shares),
            intDiv(toInt256(held.net_shares) * t.numerator, greatest(t.denominator, toInt256(1))))) AS worth,
        sum(if(
            t.denominator > 0 OR held.net_shares = 0, toInt256(0),
            intDiv(toInt256(held.net_shares) * t.last_usdc, greatest(t.last_shares, 1)))) AS mark,
        countIf(held.net_shares != 0 AND t.last_shares = 0) AS unpriced,
        sum(cost.realized) AS realized,
        min(held.first_at) AS first_at,
        max(held.last_at) AS last_at
    FROM
    (
        SELECT
            wallet,
            token_id,
            count() AS fills,
            sumIf(toInt128(reinterpretAsInt64(f.usdc)), side = 'BUY') AS buy_micros,
            sumIf(toInt128(reinterpretAsInt64(f.usdc)), side = 'SELL') AS sell_micros,
            sum(toInt128(reinterpretAsInt64(f.fee_usdc))) AS fee_micros,
            sum(toInt128(reinterpretAsInt64(f.fee_shares))) AS fee_shares,
            sum(toInt128(reinterpretAsInt64(f.net_shares))) AS net_shares,
            min(block_time) AS first_at,
            max(block_time) AS last_at
        FROM {fills:Identifier} AS f
        WHERE cityHash64(f.wallet) % {slices:UInt32} = {slice:UInt32}
        GROUP BY wallet, token_id
    ) AS held
    INNER JOIN {tokens:Identifier} AS t ON t.token_id = held.token_id
    LEFT JOIN
    (
        SELECT wallet, token_id, realized
        FROM {average_cost:Identifier}
        WHERE cityHash64(wallet) % {slices:UInt32} = {slice:UInt32}
    ) AS cost ON cost.wallet = held.wallet AND cost.token_id = held.token_id
    GROUP BY held.wallet, t.condition_id
)
SETTINGS join_use_nulls = 0
