-- The figures of some wallets, and what they would be under known mistakes: gross of fees, unresolved counted as lost.
-- Parameters: wallet_market; map, made by `verify/token-map.sql`; wallets, as hex without 0x.
-- By hand: clickhouse client --param_wallet_market=wallet_market_pnl --param_map=check_tokens --param_wallets="['ab…']"
--          --queries-file sql/pnl/validate-wallets.sql
WITH x -> toInt256(reinterpretAsInt128(x)) AS micros
SELECT
    lower(hex(m.wallet)) AS wallet,
    sum(m.fills) AS total_fills,
    sum(micros(m.volume_usdc)) AS volume,
    sumIf(micros(m.volume_usdc), NOT m.resolved) AS open_volume,
    sumIf(micros(assumeNotNull(m.ledger_pnl)), m.resolved) AS ledger,
    sum(micros(m.avg_cost_realized)) AS average_cost,
    sumIf(micros(m.cash), NOT m.resolved) AS open_cash,
    sumIf(micros(assumeNotNull(m.mark_value)), m.mark_value IS NOT NULL) AS mark_value,
    sumIf(
        micros(m.cash) + micros(m.fee_usdc) + arraySum(arrayMap(
            (n, f, p) -> intDiv((micros(n) + micros(f)) * p, greatest(payouts.d, toInt256(1))),
            m.net_shares, m.fee_shares_by_outcome,
            if(m.resolved, payouts.p, arrayMap(n -> toInt256(0), m.net_shares)))),
        m.resolved) AS gross_ledger
FROM {wallet_market:Identifier} AS m
LEFT JOIN
(
    SELECT condition_id, any(numerators) AS p, any(denominator) AS d
    FROM {map:Identifier}
    WHERE denominator > 0
    GROUP BY condition_id
) AS payouts ON payouts.condition_id = m.condition_id
WHERE m.wallet IN (SELECT toFixedString(unhex(arrayJoin({wallets:Array(String)})), 20))
GROUP BY m.wallet
SETTINGS join_use_nulls = 0
