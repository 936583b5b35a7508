-- Markets by condition: its tokens, and its name where a catalogue gives one. One row a condition.
--
-- Parameters  none
-- By hand     clickhouse-client --database polymarket --queries-file sql/schema/markets.sql
--
-- Rewritten by every `backfill markets`; read it with FINAL.
CREATE TABLE IF NOT EXISTS markets
(
    condition_id FixedString(32),
    question String COMMENT 'empty where no catalogue names it',
    slug String,
    volume Nullable(Decimal(38, 6)) COMMENT 'USDC, as the catalogue says',
    start_date Nullable(DateTime64(3, 'UTC')),
    end_date Nullable(DateTime64(3, 'UTC')),
    outcomes Array(String) COMMENT 'in outcome order',
    neg_risk Nullable(Bool),
    tokens Array(UInt256) COMMENT 'in outcome order',
    updated_at DateTime64(3, 'UTC') DEFAULT now64(3),
    condition_id_hex String ALIAS concat('0x', lower(hex(condition_id)))
)
ENGINE = ReplacingMergeTree(updated_at)
ORDER BY condition_id
