-- Brings the tokens in `markets` to what the chain says of conditions; names stay as they are. Only rows that say something new are
-- written.
--
-- Parameters  since  only conditions with a log from this block on, and all of V3's; 0: every one
-- By hand     clickhouse-client --database polymarket --param_since 0 --queries-file sql/conditions/markets.sql
INSERT INTO markets (condition_id, question, slug, volume, start_date, end_date, outcomes, neg_risk, tokens, updated_at)
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
    SELECT assumeNotNull(condition_id) AS condition_id, arrayMap(t -> t.2, arraySort(groupArray((outcome_index, token_id)))) AS tokens
    FROM outcome_tokens FINAL
    WHERE source = 'chain'
        AND (
            {since:UInt32} = 0
            OR substring(condition_id, 20, 8) = unhex('0000000000000000')
            OR condition_id IN (SELECT condition_id FROM condition_logs WHERE block_number >= {since:UInt32}))
    GROUP BY condition_id
) AS said
LEFT JOIN (SELECT * FROM markets FINAL) AS known ON known.condition_id = said.condition_id
WHERE known.tokens != said.tokens
SETTINGS join_use_nulls = 0, join_algorithm = 'grace_hash'
