-- Writes tokens given as JSON lines: {"token_id": "…", "condition": "<64 hex digits or empty>", "outcome_index": 0, "payout_numerator": "1",
-- "payout_denominator": "1", "source": "pnl"}. Rows of the same token replace earlier ones, except that what the
-- chain has said of a token stays.
--
-- Parameters  version: of these rows, from `next_version.sql`; the lines follow as data
-- By hand     clickhouse-client --database polymarket --param_version '2026-01-01 00:00:00.000' --query "$(cat sql/markets/insert_outcome_tokens.sql)" < tokens.ndjson
INSERT INTO outcome_tokens (token_id, condition_id, outcome_index, payout_numerator, payout_denominator, source, updated_at)
SELECT
    token_id,
    if(condition = '', NULL, toFixedString(unhex(condition), 32)),
    outcome_index,
    payout_numerator,
    payout_denominator,
    source,
    {version:DateTime64(3, 'UTC')}
FROM input('token_id UInt256, condition String, outcome_index Nullable(UInt8), payout_numerator UInt256, payout_denominator UInt256, source String')
WHERE token_id NOT IN (SELECT token_id FROM outcome_tokens WHERE source = 'chain')
FORMAT JSONEachRow
