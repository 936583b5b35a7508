-- A table of order fills: staging and live have this one structure, so that they can be exchanged.
--
-- Parameters  table:Identifier  clob_fills_staging or clob_fills
-- By hand     clickhouse-client --database polymarket --param_table clob_fills --queries-file sql/schema/fills.sql
--
-- The sort key identifies a fill: the same fill always has the same token, time and hashes, so ReplacingMergeTree collapses
-- copies of a replayed chunk. Not partitioned: a batch spans years, and partitions would multiply the parts.
-- Amounts are the source's integer micro-units, stored as they are (Decimal(18, 6) is an Int64 of them).
-- Where the server would keep statistics of columns by itself, backfill adds `SETTINGS auto_statistics_types = ''`: they cost a fifth
-- of a load. `ALTER TABLE clob_fills RESET SETTING auto_statistics_types` brings them back until the next promotion.
-- The columns written by backfill are the first thirteen, in this order; the ALIAS columns are computed when read.
-- `fee` is the event's figure. What it means differs: the first generation (v1…) takes it from what is received, in shares on a
-- purchase and in USDC on a sale; the later ones always in USDC, on top of a purchase and out of a sale. So nobody should net
-- `fee`: `fee_usdc`, `fee_shares`, `cash` and `net_shares` say what came of the fill in every generation.
-- A fill of the chain is identified by (tx_hash, log_index): an order may be filled twice in one transaction. The subgraph serves
-- no log index, and one row for each (tx_hash, order_hash).
CREATE TABLE IF NOT EXISTS {table:Identifier}
(
    tx_hash FixedString(32),
    order_hash FixedString(32),
    block_time DateTime('UTC'),
    wallet FixedString(20) COMMENT 'the owner of the order that was filled',
    counterparty FixedString(20) COMMENT 'the aggressor, or the exchange on the aggressor''s own fill',
    token_id UInt256,
    side Enum8('BUY' = 1, 'SELL' = 2),
    shares Decimal(18, 6),
    usdc Decimal(18, 6),
    fee Decimal(18, 6) COMMENT 'as in the event: see fee_usdc and fee_shares; the amounts are gross of it',
    exchange Enum8('v1' = 1, 'v1_ctf' = 2, 'v1_neg_risk' = 3, 'v2_ctf' = 4, 'v2_neg_risk' = 5, 'v2_neg_risk_b' = 6, 'v3' = 7)
        COMMENT 'v1: from the subgraph, which does not say which of the two',
    block_number UInt32 COMMENT '0: from the subgraph, which does not serve it',
    log_index Int32 DEFAULT -1 COMMENT '-1: from the subgraph, which does not serve it',
    wallet_hex String ALIAS concat('0x', lower(hex(wallet))),
    counterparty_hex String ALIAS concat('0x', lower(hex(counterparty))),
    tx_hash_hex String ALIAS concat('0x', lower(hex(tx_hash))),
    order_hash_hex String ALIAS concat('0x', lower(hex(order_hash))),
    -- From the integers: dividing Decimals overflows at 10 M USDC. NULL where a leg is 0 (dust): such a fill has no price.
    price Nullable(Float64) ALIAS if(shares = 0 OR usdc = 0, NULL, reinterpretAsInt64(usdc) / reinterpretAsInt64(shares)),
    fee_usdc Decimal(18, 6) ALIAS if(side = 'BUY' AND exchange IN ('v1', 'v1_ctf', 'v1_neg_risk'), toDecimal64(0, 6), fee) COMMENT 'what the fill cost in USDC',
    fee_shares Decimal(18, 6) ALIAS if(side = 'BUY' AND exchange IN ('v1', 'v1_ctf', 'v1_neg_risk'), fee, toDecimal64(0, 6)) COMMENT 'what was kept back in shares',
    cash Decimal(18, 6) ALIAS if(side = 'BUY', -usdc, usdc) - fee_usdc COMMENT 'what the wallet received in USDC, net of the fee; negative: paid',
    net_shares Decimal(18, 6) ALIAS if(side = 'BUY', shares, -shares) - fee_shares COMMENT 'what the wallet received in shares, net of the fee; negative: gave',
    -- Serves WHERE wallet_hex = '0x…' and WHERE lower(…) written out in full.
    INDEX wallet_hex_bloom concat('0x', lower(hex(wallet))) TYPE bloom_filter(0.01) GRANULARITY 1
)
ENGINE = ReplacingMergeTree
ORDER BY (token_id, block_time, tx_hash, order_hash, log_index)
