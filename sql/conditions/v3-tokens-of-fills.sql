-- Makes the tokens of V3 that have fills known, with their complements: such an id says its condition itself. What they pay is
-- told by `tokens.sql` afterwards. An id has the form: module 1 (1 to 3), base hash 16, arity 2, reserved 8 (zeros), resolution
-- chain 2, condition 2, outcome 1 (0 or 1), in bytes, the highest first; a hash has it once in 2^69.
--
-- Parameters  fills  the table
-- By hand     clickhouse-client --database polymarket --param_fills clob_fills --queries-file sql/conditions/v3-tokens-of-fills.sql
INSERT INTO outcome_tokens (token_id, condition_id, outcome_index, payout_numerator, payout_denominator, source, updated_at)
SELECT DISTINCT
    first_token + place AS token_id,
    toFixedString(concat(substring(id, 1, 31), char(0)), 32) AS condition_id,
    arrayJoin([0, 1]) AS place,
    0,
    0,
    'chain',
    -- Above every version that is there, whatever the clock says now or said then.
    (SELECT greatest(now64(3, 'UTC'), max(updated_at) + toIntervalMillisecond(1)) FROM outcome_tokens)
FROM
(
    SELECT token_id, reverse(reinterpretAsFixedString(token_id)) AS id, token_id - bitAnd(token_id, 1) AS first_token
    FROM {fills:Identifier}
    WHERE substring(id, 1, 1) IN (char(1), char(2), char(3))
        AND substring(id, 20, 8) = unhex('0000000000000000')
        AND substring(id, 32, 1) IN (char(0), char(1))
    GROUP BY token_id
)
WHERE token_id NOT IN (SELECT token_id FROM outcome_tokens WHERE source = 'chain')
