-- Brings the tokens in `markets` to what the chain says of conditions; names stay as they are. Only rows that say something new are
-- written.
--
-- Parameters  since  only conditions with a log from this block on, and all of V3's; 0: every one
-- By hand     clickhouse-client --database polymarket --param_since 0 --queries-file sql/conditions/markets.sql
INSERT INTO markets (condition_id, question, slug, volume, start_date, end_date, outcomes, neg_risk, tokens, updated_at)
WITH changed AS
(
    SELECT condition_id FROM condition_logs WHERE block_number >= {since:UInt32} AND {since:UInt32} > 0
    UNION ALL
    SELECT assumeNotNull(condition_id)
    FROM outcome_tokens
    WHERE token_id >= bitShiftLeft(toUInt256(1), 248) AND token_id < bitShiftLeft(toUInt256(4), 248)
        AND source = 'chain' AND substring(condition_id, 20, 8) = unhex('0000000000000000')
)
SELECT
    said.condition_id,
    known.question,
    known.slug,
    known.volume,
    known.start_date,
    known.end_date,
    known.outcomes,
    known.neg_risk,
    said.tokens,
    -- Above every version that is there, whatever the clock says now or said then.
    (SELECT greatest(now64(3, 'UTC'), max(updated_at) + toIntervalMillisecond(1)) FROM markets)
FROM
(
    SELECT
        assumeNotNull(condition_id) AS condition_id,
        [anyIf(token_id, outcome_index = 0), anyIf(token_id, outcome_index = 1)] AS tokens
    FROM outcome_tokens
    WHERE source = 'chain' AND (condition_id IN changed OR {since:UInt32} = 0)
    GROUP BY condition_id
) AS said
LEFT JOIN
(
    SELECT * FROM markets FINAL WHERE {since:UInt32} = 0 OR condition_id IN changed
) AS known ON known.condition_id = said.condition_id
WHERE known.tokens != said.tokens
SETTINGS join_use_nulls = 0, join_algorithm = 'grace_hash'
