-- An unresolved market is open, never lost: it has no ledger figure; a resolved one has. Both hold the fills that they should.
-- Parameters: fills; tokens; wallet_market.
-- By hand: clickhouse client --param_fills=clob_fills --param_tokens=pnl_tokens
--          --param_wallet_market=wallet_market_pnl_staging --queries-file sql/pnl/gate-open.sql
SELECT
    countIf(NOT resolved AND (ledger_pnl IS NOT NULL OR payout IS NOT NULL)) AS open_with_ledger,
    countIf(resolved AND (ledger_pnl IS NULL OR payout IS NULL)) AS resolved_without,
    sumIf(fills, resolved) AS resolved_fills,
    (
        SELECT count()
        FROM {fills:Identifier}
        WHERE token_id IN (SELECT token_id FROM {tokens:Identifier} WHERE denominator > 0)
    ) AS expected_fills,
    countIf(NOT resolved) AS open_rows,
    countIf(condition_id = toFixedString('', 32)) AS unknown_rows,
    sumIf(fills, condition_id = toFixedString('', 32)) AS unknown_fills,
    reinterpretAsInt128(sumIf(volume_usdc, condition_id = toFixedString('', 32))) AS unknown_micros,
    reinterpretAsInt128(sum(volume_usdc)) AS volume_micros
FROM {wallet_market:Identifier}
