-- Tables that rebuilds of P&L made for themselves. While no rebuild runs, all of them are left over.
-- Parameters: database.
-- By hand: clickhouse client --param_database=polymarket --queries-file sql/pnl/leftovers.sql
SELECT name
FROM system.tables
WHERE database = {database:String}
    AND match(name, '^((wallet_market_pnl|wallet_pnl|pnl_residuals)_staging(_[0-9a-f]+)?|pnl_scratch_[a-z_]+(_[0-9a-f]+)?)$')
