-- The wallets' totals over their markets.
-- Parameters: wallet_market, the finished table; table, to fill.
-- By hand: clickhouse client --param_wallet_market=wallet_market_pnl_staging --param_table=wallet_pnl_staging
--          --queries-file sql/pnl/wallet.sql
INSERT INTO {table:Identifier}
    (wallet, fills, unknown_fills, markets, resolved_markets, open_markets, volume_usdc, ledger_pnl, avg_cost_realized,
     open_cash, mark_value, wins, losses, first_fill, last_fill)
WITH condition_id != toFixedString('', 32) AS known
SELECT
    wallet,
    sum(m.fills),
    sumIf(m.fills, NOT known),
    countIf(known),
    countIf(known AND resolved),
    countIf(known AND NOT resolved),
    sum(m.volume_usdc),
    sum(ifNull(m.ledger_pnl, toDecimal128(0, 6))),
    sum(m.avg_cost_realized),
    sumIf(m.cash, NOT resolved),
    sum(ifNull(m.mark_value, toDecimal128(0, 6))),
    countIf(m.ledger_pnl > 0),
    countIf(m.ledger_pnl < 0),
    min(m.first_fill),
    max(m.last_fill)
FROM {wallet_market:Identifier} AS m
GROUP BY wallet
