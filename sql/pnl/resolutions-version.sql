-- What is known of tokens, conditions and payouts as one number: it changes when any of it does, and only then. One row.
-- Parameters: none.
-- By hand: clickhouse client --database polymarket --queries-file sql/pnl/resolutions-version.sql
SELECT
    count() AS tokens,
    sum(cityHash64(
        token_id, ifNull(condition_id, toFixedString('', 32)), ifNull(toInt16(outcome_index), -1), payout_numerator, payout_denominator
    )) AS checksum
FROM outcome_tokens FINAL
