-- The same totals from the fills and from both tables: equal when every fill is counted once and no wallet is lost.
-- Parameters: fills; wallet_market; wallets.
-- By hand: clickhouse client --param_fills=clob_fills --param_wallet_market=wallet_market_pnl_staging
--          --param_wallets=wallet_pnl_staging --queries-file sql/pnl/gate-totals.sql
SELECT
    'fills' AS source,
    count() AS fills,
    uniqExact(wallet) AS wallets,
    sum(toInt128(reinterpretAsInt64(usdc))) AS volume,
    sum(toInt128(reinterpretAsInt64(f.cash))) AS cash,
    sum(toInt128(reinterpretAsInt64(f.fee_usdc))) AS fee_usdc,
    sum(toInt128(reinterpretAsInt64(f.fee_shares))) AS fee_shares,
    toInt128(0) AS ledger,
    toInt128(0) AS average_cost
FROM {fills:Identifier} AS f
UNION ALL
SELECT
    'wallet_market_pnl',
    sum(m.fills),
    uniqExact(m.wallet),
    reinterpretAsInt128(sum(m.volume_usdc)),
    reinterpretAsInt128(sum(m.cash)),
    reinterpretAsInt128(sum(m.fee_usdc)),
    reinterpretAsInt128(sum(m.fee_shares)),
    reinterpretAsInt128(sum(ifNull(m.ledger_pnl, toDecimal128(0, 6)))),
    reinterpretAsInt128(sum(m.avg_cost_realized))
FROM {wallet_market:Identifier} AS m
UNION ALL
SELECT
    'wallet_pnl',
    sum(w.fills),
    count(),
    reinterpretAsInt128(sum(w.volume_usdc)),
    toInt128(0),
    toInt128(0),
    toInt128(0),
    reinterpretAsInt128(sum(w.ledger_pnl)),
    reinterpretAsInt128(sum(w.avg_cost_realized))
FROM {wallets:Identifier} AS w
