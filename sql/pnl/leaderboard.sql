-- The wallets that won or lost most by the ledger; the exchange's own contracts are not people.
-- Parameters: wallets; contracts, addresses as hex without 0x; direction, 1 for winners and -1 for losers; limit.
-- By hand: clickhouse client --param_wallets=wallet_pnl --param_contracts="['4bfb…']" --param_direction=1 --param_limit=10
--          --queries-file sql/pnl/leaderboard.sql
SELECT
    wallet_hex,
    reinterpretAsInt128(ledger_pnl) AS ledger_micros,
    reinterpretAsInt128(avg_cost_realized) AS average_cost_micros,
    reinterpretAsInt128(volume_usdc) AS volume_micros,
    fills,
    markets,
    open_markets,
    wins,
    losses
FROM {wallets:Identifier}
WHERE wallet NOT IN (SELECT toFixedString(unhex(arrayJoin({contracts:Array(String)})), 20))
ORDER BY ledger_pnl * {direction:Int8} DESC, wallet
LIMIT {limit:UInt32}
