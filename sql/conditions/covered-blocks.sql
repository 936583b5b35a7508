-- The blocks whose logs of conditions are loaded, as half-open intervals. One row an interval, touching ones merged.
--
-- Parameters  none
-- By hand     clickhouse-client --database polymarket --queries-file sql/conditions/covered-blocks.sql
SELECT
    toUInt32(min(first_block)) AS from_block,
    toUInt64(max(last_block)) + 1 AS to_block
FROM
(
    -- A new interval begins where no earlier range reaches.
    SELECT first_block, last_block, sum(begins) OVER (ORDER BY first_block, last_block ROWS UNBOUNDED PRECEDING) AS interval
    FROM
    (
        SELECT
            first_block,
            last_block,
            toUInt64(first_block) > 1 + max(toUInt64(last_block))
                OVER (ORDER BY first_block, last_block ROWS BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING) AS begins
        FROM condition_ranges
    )
)
GROUP BY interval
ORDER BY from_block
