-- Profit and loss of a wallet in a market (a condition), one row each.
-- Fills of tokens whose condition is not known stand together under the condition 0x00…: counted, open, without net shares.
-- Parameters: table, its name.
-- By hand: clickhouse client --param_table=wallet_market_pnl --queries-file sql/pnl/create-wallet-market-pnl.sql
CREATE OR REPLACE TABLE {table:Identifier}
(
    wallet FixedString(20),
    condition_id FixedString(32),
    fills UInt64,
    buy_usdc Decimal(38, 6) COMMENT 'paid, gross of fees',
    sell_usdc Decimal(38, 6) COMMENT 'received, gross of fees',
    fee_usdc Decimal(38, 6) COMMENT 'from sales, and since the second generation on top of purchases',
    fee_shares Decimal(38, 6) COMMENT 'taken from purchases by the first generation, all outcomes together',
    volume_usdc Decimal(38, 6),
    cash Decimal(38, 6) COMMENT 'sell_usdc - fee_usdc - buy_usdc',
    net_shares Array(Decimal(38, 6)) COMMENT 'by outcome: bought less fees less sold; negative where shares came from elsewhere',
    fee_shares_by_outcome Array(Decimal(38, 6)),
    resolved Bool,
    payout Nullable(Decimal(38, 6)) COMMENT 'of the net shares; NULL while unresolved',
    ledger_pnl Nullable(Decimal(38, 6)) COMMENT 'cash + payout; NULL while unresolved',
    mark_value Nullable(Decimal(38, 6)) COMMENT 'of the net shares at the last price; NULL once resolved, or without a price',
    avg_cost_realized Decimal(38, 6) COMMENT 'the pnl-subgraph''s rules on fills; gross of fees',
    first_fill DateTime('UTC'),
    last_fill DateTime('UTC'),
    wallet_hex String ALIAS concat('0x', lower(hex(wallet))),
    condition_id_hex String ALIAS concat('0x', lower(hex(condition_id))),
    INDEX wallet_hex_bloom concat('0x', lower(hex(wallet))) TYPE bloom_filter(0.01) GRANULARITY 1,
    INDEX condition_bloom condition_id TYPE bloom_filter(0.01) GRANULARITY 4
)
ENGINE = MergeTree
ORDER BY (wallet, condition_id)
