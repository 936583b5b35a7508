-- Brings `outcome_tokens` to what the chain says: the tokens of prepared conditions and of V3's, and what they pay. Only rows that
-- say something new are written. The chain wins over the subgraph; a payout that only the subgraph knows is kept.
-- A condition of V3's neg-risk module without a result of its own has lost once its event says so (rest_no), and the synthetic
-- "Other" has won where all have lost (other_yes); events that were migrated resolve their conditions one by one.
--
-- Parameters  since  only conditions with a log from this block on, and all of V3's; 0: every one
-- By hand     clickhouse-client --database polymarket --param_since 0 --queries-file sql/conditions/tokens.sql
INSERT INTO outcome_tokens (token_id, condition_id, outcome_index, payout_numerator, payout_denominator, source, updated_at)
WITH
    logs AS
    (
        SELECT condition_id, kind, contract, tokens, payouts
        FROM condition_logs
        WHERE kind IN ('prepared', 'resolved')
            AND ({since:UInt32} = 0 OR condition_id IN (SELECT condition_id FROM condition_logs WHERE block_number >= {since:UInt32}))
    ),
    -- V3's conditions are prepared by no event: their ids are known from fills, too. Such ids begin with 1, 2 or 3.
    v3_of_fills AS
    (
        SELECT assumeNotNull(condition_id) AS condition_id, toUInt256(token_id - bitAnd(token_id, 1)) AS first_token
        FROM outcome_tokens
        WHERE token_id >= bitShiftLeft(toUInt256(1), 248) AND token_id < bitShiftLeft(toUInt256(4), 248)
            AND source = 'chain' AND substring(condition_id, 20, 8) = unhex('0000000000000000')
    ),
    migrated AS (SELECT substring(condition_id, 1, 29) FROM condition_logs WHERE kind = 'migrated'),
    rest_no AS (SELECT substring(condition_id, 1, 29) FROM condition_logs WHERE kind = 'rest_no'),
    other_yes AS (SELECT condition_id FROM condition_logs WHERE kind = 'other_yes'),
    conditions AS
    (
        SELECT
            condition_id,
            anyIf(tokens[1], length(tokens) = 2) AS first_token,
            anyIf(tokens[2], length(tokens) = 2) AS second_token,
            countIf(is_result) > 0 AS has_result,
            anyIf(payouts[1], is_result) AS first_payout,
            anyIf(payouts[2], is_result) AS second_payout
        FROM
        (
            SELECT
                condition_id,
                tokens,
                payouts,
                -- Of V3 nothing else can be a result.
                kind = 'resolved' AND length(payouts) = 2 AND (contract = 'conditional_tokens' OR arraySum(payouts) = 1000000) AS is_result
            FROM logs
            UNION ALL
            SELECT condition_id, [first_token, first_token + 1], CAST([], 'Array(UInt256)'), 0 FROM v3_of_fills
        )
        GROUP BY condition_id
        HAVING countIf(length(tokens) = 2) > 0
    ),
    settled AS
    (
        SELECT
            condition_id,
            first_token,
            second_token,
            multiIf(
                has_result, 'itself',
                substring(condition_id, 1, 1) != char(2) OR substring(condition_id, 1, 29) IN migrated, 'open',
                condition_id IN other_yes, 'won',
                substring(condition_id, 1, 29) IN rest_no, 'lost',
                'open') AS result,
            multiIf(result = 'itself', first_payout, result = 'won', toUInt256(1000000), toUInt256(0)) AS first_numerator,
            multiIf(result = 'itself', second_payout, result = 'lost', toUInt256(1000000), toUInt256(0)) AS second_numerator
        FROM conditions
    )
SELECT
    token_id,
    condition_id,
    place,
    if(is_settled, numerator, if(is_same, known_numerator, 0)),
    if(is_settled, denominator, if(is_same, known_denominator, 0)),
    'chain',
    -- Above every version that is there, whatever the clock says now or said then.
    (SELECT greatest(now64(3, 'UTC'), max(updated_at) + toIntervalMillisecond(1)) FROM outcome_tokens)
FROM
(
    SELECT
        said.token_id AS token_id,
        said.condition_id AS condition_id,
        said.place AS place,
        said.is_settled AS is_settled,
        said.numerator AS numerator,
        said.denominator AS denominator,
        known.numerator AS known_numerator,
        known.denominator AS known_denominator,
        known.source AS known_source,
        known.condition_id = said.condition_id AND known.place = said.place AS is_same
    FROM
    (
        SELECT
            condition_id,
            arrayJoin([0, 1]) AS place,
            if(place = 0, first_token, second_token) AS token_id,
            result != 'open' AS is_settled,
            if(place = 0, first_numerator, second_numerator) AS numerator,
            first_numerator + second_numerator AS denominator
        FROM settled
    ) AS said
    LEFT JOIN
    (
        SELECT
            token_id,
            ifNull(condition_id, toFixedString('', 32)) AS condition_id,
            ifNull(toInt16(outcome_index), -1) AS place,
            payout_numerator AS numerator,
            payout_denominator AS denominator,
            source
        FROM outcome_tokens FINAL
        WHERE {since:UInt32} = 0 OR token_id IN (SELECT arrayJoin([first_token, second_token]) FROM conditions)
    ) AS known ON known.token_id = said.token_id
)
WHERE NOT is_same
    OR known_source != 'chain'
    OR (is_settled AND (known_numerator != numerator OR known_denominator != denominator))
-- On disk where it is large.
SETTINGS join_use_nulls = 0, join_algorithm = 'grace_hash'
