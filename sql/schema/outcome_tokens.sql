-- What each outcome token is: its condition, its place among the outcomes and what a share of it pays. One row a token.
--
-- Parameters  none
-- By hand     clickhouse-client --database polymarket --queries-file sql/schema/outcome_tokens.sql
--
-- Rewritten by every `backfill markets`; read it with FINAL. A share pays payout_numerator / payout_denominator; a denominator
-- of 0 means unresolved. `source` says how the token is known: 'pnl' (a condition lists it, with its place and payouts),
-- 'orderbook' (its condition is known, its place is not), 'counts' (it has fills and nothing explains it) or 'chain' (computed from a
-- condition of the chain, or said by a V3 id: nothing else is written over it).
CREATE TABLE IF NOT EXISTS outcome_tokens
(
    token_id UInt256,
    condition_id Nullable(FixedString(32)),
    outcome_index Nullable(UInt8) COMMENT 'from 0',
    payout_numerator UInt256,
    payout_denominator UInt256 COMMENT '0 while unresolved',
    source LowCardinality(String),
    updated_at DateTime64(3, 'UTC') DEFAULT now64(3),
    condition_id_hex Nullable(String) ALIAS concat('0x', lower(hex(condition_id))),
    resolved Bool ALIAS payout_denominator > 0
)
ENGINE = ReplacingMergeTree(updated_at)
ORDER BY token_id
