-- Writes outcome tokens as the sources say them: ids as text, `null` where something is not known.
--
-- Parameters  none; the rows follow as JSON, one a line:
--             {"token_id": "123…", "condition_id": "0x…", "outcome_index": 0, "payout_numerator": "1", "payout_denominator": "1",
--              "source": "pnl"}
-- By hand     clickhouse-client --database polymarket --query "$(cat sql/schema/insert_outcome_tokens.sql)" < rows.ndjson
INSERT INTO outcome_tokens (token_id, condition_id, outcome_index, payout_numerator, payout_denominator, source)
SELECT
    token_id,
    toFixedString(unhex(substring(condition_id, 3)), 32),
    outcome_index,
    payout_numerator,
    payout_denominator,
    source
FROM input('token_id UInt256, condition_id Nullable(String), outcome_index Nullable(UInt8), payout_numerator UInt256,
            payout_denominator UInt256, source String')
FORMAT JSONEachRow
