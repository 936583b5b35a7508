-- Per resolved condition, over all wallets and gross of fees, in whole numbers: cash x denominator + the sum over outcomes of
-- net shares x numerator. What one wallet wins another loses, so this is what the residuals of the condition leave over, exactly.
-- Net of fees the same sum must be that of `ledger_pnl`, but for its truncations: less than a micro-unit for each outcome with
-- a split payout of each wallet.
-- Parameters: wallet_market; tokens; residuals; limit.
-- By hand: clickhouse client --param_wallet_market=wallet_market_pnl_staging --param_tokens=pnl_tokens
--          --param_residuals=pnl_residuals --param_limit=10 --queries-file sql/pnl/gate-zero-sum.sql
SELECT
    concat('0x', lower(hex(condition_id))) AS condition,
    gross,
    explained,
    ledger_gap,
    allowed_gap,
    denominator,
    gross != explained OR abs(ledger_gap) > allowed_gap AS wrong,
    count() OVER () AS conditions,
    sum(wrong) OVER () AS wrong_conditions,
    sum(intDiv(gross, denominator)) OVER () AS gross_micros,
    sum(intDiv(explained, denominator)) OVER () AS explained_micros
FROM
(
    SELECT
        condition_id,
        any(d) AS denominator,
        sum(toInt256(reinterpretAsInt128(cash)) + reinterpretAsInt128(fee_usdc)) * denominator
            + arraySum(arrayMap((n, f, p) -> (n + f) * p,
                sumForEach(arrayMap(x -> toInt256(reinterpretAsInt128(x)), net_shares)) AS net,
                sumForEach(arrayMap(x -> toInt256(reinterpretAsInt128(x)), fee_shares_by_outcome)),
                any(p) AS payouts)) AS gross,
        sum(toInt256(reinterpretAsInt128(assumeNotNull(ledger_pnl)))) * denominator
            - sum(toInt256(reinterpretAsInt128(cash))) * denominator
            - arraySum(arrayMap((n, p) -> n * p, net, payouts)) AS ledger_gap,
        toInt256(count()) * arrayCount(x -> x != 0 AND x != denominator, payouts) * denominator AS allowed_gap
    FROM {wallet_market:Identifier}
    INNER JOIN
    (
        SELECT condition_id, any(denominator) AS d, any(numerators) AS p
        FROM {tokens:Identifier}
        WHERE denominator > 0
        GROUP BY condition_id
    ) AS conditions USING (condition_id)
    GROUP BY condition_id
) AS summed
LEFT JOIN
(
    SELECT
        condition_id,
        sum(toInt256(cash) * d + arraySum(arrayMap((s, x) -> toInt256(s) * x, shares, p))) AS explained
    FROM {residuals:Identifier}
    INNER JOIN
    (
        SELECT condition_id, any(denominator) AS d, any(numerators) AS p
        FROM {tokens:Identifier}
        WHERE denominator > 0
        GROUP BY condition_id
    ) AS conditions USING (condition_id)
    GROUP BY condition_id
) AS residual USING (condition_id)
ORDER BY wrong DESC, abs(gross - explained) DESC, condition_id
LIMIT {limit:UInt32}
SETTINGS join_use_nulls = 0
