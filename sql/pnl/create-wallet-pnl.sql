-- Profit and loss of a wallet over all its markets, one row each.
-- Parameters: table, its name.
-- By hand: clickhouse client --param_table=wallet_pnl --queries-file sql/pnl/create-wallet-pnl.sql
CREATE OR REPLACE TABLE {table:Identifier}
(
    wallet FixedString(20),
    fills UInt64,
    unknown_fills UInt64 COMMENT 'of them, of tokens whose condition is not known',
    markets UInt64 COMMENT 'resolved_markets + open_markets',
    resolved_markets UInt64,
    open_markets UInt64,
    volume_usdc Decimal(38, 6),
    ledger_pnl Decimal(38, 6) COMMENT 'of resolved markets',
    avg_cost_realized Decimal(38, 6) COMMENT 'of all markets',
    open_cash Decimal(38, 6) COMMENT 'cash of what is not resolved: neither won nor lost yet',
    mark_value Decimal(38, 6) COMMENT 'of the open net shares at the last prices',
    wins UInt64,
    losses UInt64,
    first_fill DateTime('UTC'),
    last_fill DateTime('UTC'),
    wallet_hex String ALIAS concat('0x', lower(hex(wallet))),
    INDEX wallet_hex_bloom concat('0x', lower(hex(wallet))) TYPE bloom_filter(0.01) GRANULARITY 1
)
ENGINE = MergeTree
ORDER BY wallet
