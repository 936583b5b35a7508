-- Writes logs of conditions given as JSON lines; hex without 0x: {"condition": "<64 digits>", "kind": "prepared", "contract":
-- "conditional_tokens", "oracle": "<40 digits>", "question": "<64 digits>", "outcomes": 2, "tokens": ["1", "2"], "payouts": [],
-- "block": 1, "log": 0, "tx": "<64 digits>"}.
--
-- Parameters  none; the lines follow as data
-- By hand     clickhouse-client --database polymarket --query "$(cat sql/conditions/insert-condition-logs.sql)" < logs.ndjson
INSERT INTO condition_logs
    (condition_id, kind, contract, oracle, question_id, outcomes, tokens, payouts, block_number, log_index, tx_hash)
SELECT
    toFixedString(unhex(condition), 32),
    kind,
    contract,
    toFixedString(unhex(oracle), 20),
    toFixedString(unhex(question), 32),
    outcomes,
    tokens,
    payouts,
    block,
    log,
    toFixedString(unhex(tx), 32)
FROM input('condition String, kind String, contract String, oracle String, question String, outcomes UInt16, tokens Array(UInt256), payouts Array(UInt256), block UInt32, log Int32, tx String')
FORMAT JSONEachRow
