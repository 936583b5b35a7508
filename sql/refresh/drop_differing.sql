-- Takes out of staging every token whose fills or volume differ from the source's counts, or that it does not count: they are
-- fetched again as a whole, so that rows which the source does not have cannot stay.
--
-- Parameters  run String: whose source_counts to compare with
-- By hand     clickhouse-client --database polymarket --param_run 20260101-000000-abcd --queries-file sql/refresh/drop_differing.sql
DELETE FROM clob_fills_staging
WHERE token_id NOT IN
(
    SELECT token_id
    FROM
    (
        SELECT
            token_id,
            countIf(side = 'BUY') AS live_buys,
            countIf(side = 'SELL') AS live_sells,
            sumIf(toInt128(reinterpretAsInt64(usdc)), side = 'BUY') AS live_buy_micros,
            sumIf(toInt128(reinterpretAsInt64(usdc)), side = 'SELL') AS live_sell_micros
        FROM clob_fills FINAL
        GROUP BY token_id
    ) AS live
    INNER JOIN (SELECT * FROM source_counts FINAL WHERE run = {run:String}) AS counted USING (token_id)
    WHERE live_buys = buys
      AND live_sells = sells
      AND live_buy_micros = reinterpretAsInt128(buy_usdc)
      AND live_sell_micros = reinterpretAsInt128(sell_usdc)
)
