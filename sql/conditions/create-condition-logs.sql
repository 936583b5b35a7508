-- What the chain says of conditions, one row a log: prepared (with the tokens computed from its id), resolved (with the payouts), and
-- V3's events that settle the rest of a neg-risk event. `outcome_tokens` and `markets` follow from it.
--
-- Parameters  none
-- By hand     clickhouse-client --database polymarket --queries-file sql/conditions/create-condition-logs.sql
--
-- A log is identified by its place in the chain, so that what is loaded again changes nothing; read it with FINAL.
CREATE TABLE IF NOT EXISTS condition_logs
(
    condition_id FixedString(32) COMMENT 'V3: 31 bytes and a zero; of rest_no and migrated the 29 bytes of the event and three zeros',
    kind Enum8('prepared' = 1, 'resolved' = 2, 'rest_no' = 3, 'other_yes' = 4, 'migrated' = 5)
        COMMENT 'rest_no: all conditions of the event without a result have lost; other_yes: all have lost, this one has won; neither where the event was migrated',
    contract Enum8('conditional_tokens' = 1, 'v3_binary' = 2, 'v3_neg_risk' = 3, 'v3_combo' = 4),
    oracle FixedString(20) COMMENT 'zeros in V3',
    question_id FixedString(32) COMMENT 'zeros in V3',
    outcomes UInt16,
    tokens Array(UInt256) COMMENT 'in outcome order; empty where they cannot be told: not two outcomes, or an unknown form of id',
    payouts Array(UInt256) COMMENT 'numerators in outcome order; their sum is the denominator',
    block_number UInt32,
    log_index Int32,
    tx_hash FixedString(32),
    condition_id_hex String ALIAS concat('0x', lower(hex(condition_id))),
    tx_hash_hex String ALIAS concat('0x', lower(hex(tx_hash)))
)
ENGINE = ReplacingMergeTree
ORDER BY (condition_id, block_number, log_index)
