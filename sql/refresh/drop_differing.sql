-- Takes out of staging every token whose fills or volume from the subgraph differ from the source's counts, or that it does not
-- count: they are fetched again as a whole, so that rows which the source does not have cannot stay. A token of which the source
-- serves fewer than it counts, as the live run has found, does not differ while both are as they were then.
--
-- Parameters  run String: whose source_counts to compare with
--             live_run String: the run that is live, whose source_short counts as known
-- By hand     clickhouse-client --database polymarket --param_run 20260101-000000-abcd --param_live_run 20251201-000000-abcd
--             --queries-file sql/refresh/drop_differing.sql
--
-- A mutation, not DELETE FROM: that would leave masks which every later copy of these parts would carry along.
ALTER TABLE clob_fills_staging DELETE
WHERE exchange = 'v1' AND token_id NOT IN
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
        WHERE exchange = 'v1'
        GROUP BY token_id
    ) AS live
    INNER JOIN
    (
        SELECT
            c.token_id AS token_id,
            if(b.counted_rows = buys AND b.counted_usdc = buy_usdc AND b.counted_rows > 0, b.served_rows, buys) AS buys_to_have,
            if(s.counted_rows = sells AND s.counted_usdc = sell_usdc AND s.counted_rows > 0, s.served_rows, sells) AS sells_to_have,
            if(b.counted_rows = buys AND b.counted_usdc = buy_usdc AND b.counted_rows > 0, b.served_usdc, buy_usdc) AS buy_usdc_to_have,
            if(s.counted_rows = sells AND s.counted_usdc = sell_usdc AND s.counted_rows > 0, s.served_usdc, sell_usdc) AS sell_usdc_to_have
        FROM (SELECT * FROM source_counts FINAL WHERE run = {run:String}) AS c
        LEFT JOIN (SELECT * FROM source_short FINAL WHERE run = {live_run:String} AND side = 'BUY') AS b ON b.token_id = c.token_id
        LEFT JOIN (SELECT * FROM source_short FINAL WHERE run = {live_run:String} AND side = 'SELL') AS s ON s.token_id = c.token_id
    ) AS counted USING (token_id)
    WHERE live_buys = buys_to_have
      AND live_sells = sells_to_have
      AND live_buy_micros = reinterpretAsInt128(buy_usdc_to_have)
      AND live_sell_micros = reinterpretAsInt128(sell_usdc_to_have)
)
SETTINGS mutations_sync = 2, join_use_nulls = 0
