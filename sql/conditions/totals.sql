-- What is known of conditions from the chain, for the report. One row.
--
-- Parameters  none
-- By hand     clickhouse-client --database polymarket --queries-file sql/conditions/totals.sql
WITH
    conditions AS
    (
        SELECT
            assumeNotNull(condition_id) AS condition_id,
            substring(condition_id, 1, 1) IN (char(1), char(2), char(3)) AND substring(condition_id, 20, 8) = unhex('0000000000000000') AS is_v3,
            max(payout_denominator) > 0 AS is_resolved
        FROM outcome_tokens FINAL
        WHERE source = 'chain'
        GROUP BY condition_id
    ),
    results AS (SELECT condition_id, contract, payouts FROM condition_logs WHERE kind = 'resolved'),
    winners AS
    (
        SELECT substring(condition_id, 1, 29) FROM results WHERE contract = 'v3_neg_risk' AND payouts = [toUInt256(1000000), toUInt256(0)]
    )
SELECT
    count() AS conditions,
    countIf(is_resolved) AS resolved,
    countIf(is_v3) AS v3_conditions,
    countIf(is_v3 AND substring(condition_id, 1, 1) = char(3)) AS combos,
    -- No event says yet that they have lost.
    countIf(is_v3 AND NOT is_resolved AND substring(condition_id, 1, 1) = char(2) AND substring(condition_id, 1, 29) IN (winners)) AS open_losers,
    -- Nothing in `condition_logs` tells it: the subgraph did.
    countIf(NOT is_v3 AND is_resolved AND condition_id NOT IN (SELECT condition_id FROM results)) AS resolved_by_subgraph,
    (SELECT uniqExact(condition_id) FROM condition_logs WHERE kind = 'prepared' AND empty(tokens)) AS other_slots,
    (
        SELECT uniqExact(condition_id)
        FROM condition_logs
        WHERE kind = 'resolved' AND contract != 'conditional_tokens'
            AND (empty(tokens) OR length(payouts) != 2 OR arraySum(payouts) != 1000000)
    ) AS odd_results,
    (SELECT count() FROM outcome_tokens FINAL WHERE source = 'orderbook') AS unplaced,
    (SELECT count() FROM markets FINAL WHERE question != '' OR slug != '') AS named
FROM conditions
