-- Every wallet's ledger in whole micro-USDC, to be held against the simulator's own. One row a wallet.
--
-- Parameters  none
-- By hand     clickhouse-client --database polymarket --queries-file sql/demo/wallets.sql
SELECT
    concat('0x', lower(hex(wallet))) AS wallet,
    fills,
    toString(reinterpretAsInt128(ledger_pnl)) AS ledger_micros,
    toString(reinterpretAsInt128(open_cash)) AS open_cash_micros
FROM wallet_pnl
