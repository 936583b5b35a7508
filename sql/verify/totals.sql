-- What the source counts for a run, all tokens together. Volumes in micro-USDC.
-- Parameters: run.
-- By hand: clickhouse client --param_run=20260101-120000-ab12 --queries-file sql/verify/totals.sql
SELECT
    count() AS tokens,
    sum(buys + sells) AS rows,
    toString(reinterpretAsInt128(sum(buy_usdc) + sum(sell_usdc))) AS micros
FROM
(
    SELECT token_id, any(buys) AS buys, any(sells) AS sells, any(buy_usdc) AS buy_usdc, any(sell_usdc) AS sell_usdc
    FROM source_counts
    WHERE run = {run:String}
    GROUP BY token_id
)
