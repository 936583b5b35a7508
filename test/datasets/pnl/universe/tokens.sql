-- The tokens of the universe's markets: won by one or the other outcome, split, unresolved; some that no condition explains.
-- Parameters: seed; markets.
INSERT INTO outcome_tokens (token_id, condition_id, outcome_index, payout_numerator, payout_denominator, source)
WITH
    (x, salt) -> sipHash64({seed:UInt32}, x, salt) AS rnd,
    x -> toFixedString(concat(reinterpretAsFixedString(rnd(x, 'a')), reinterpretAsFixedString(rnd(x, 'b')),
        reinterpretAsFixedString(rnd(x, 'c')), reinterpretAsFixedString(rnd(x, 'd'))), 32) AS hash32
SELECT
    reinterpretAsUInt256(hash32(toUInt64(market * 2 + outcome + 5000000000000))) AS token_id,
    if(market % 97 = 5, NULL, hash32(toUInt64(market + 7000000000000))) AS condition_id,
    if(market % 97 = 5, NULL, toUInt8(outcome)) AS outcome_index,
    multiIf(market % 97 = 5 OR market % 10 > 7, 0, market % 10 = 7, 1, market % 10 = 6, outcome, 1 - outcome) AS payout_numerator,
    multiIf(market % 97 = 5 OR market % 10 > 7, 0, market % 10 = 7, 2, 1) AS payout_denominator,
    if(market % 97 = 5, 'counts', 'pnl') AS source
FROM (SELECT number AS market FROM numbers({markets:UInt32}))
ARRAY JOIN [0, 1] AS outcome
