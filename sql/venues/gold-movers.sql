-- Outcomes whose price moved most within the last day of what is stored.
--
-- Parameters  none
-- By hand     clickhouse-client --database polymarket --queries-file sql/venues/gold-movers.sql
--             then SELECT * FROM gold_movers ORDER BY abs(change) DESC LIMIT 20
--
-- Midpoints are compared with midpoints and last trades with last trades, never one with the other.
CREATE OR REPLACE VIEW gold_movers AS
WITH (SELECT max(at) FROM silver_prices) - INTERVAL 1 DAY AS since
SELECT
    p.venue AS venue,
    p.market_id AS market_id,
    p.outcome_id AS outcome_id,
    m.question AS question,
    p.price_kind AS price_kind,
    p.first_price AS first_price,
    p.last_price AS last_price,
    p.last_price - p.first_price AS change,
    p.first_at AS first_at,
    p.last_at AS last_at
FROM
(
    SELECT
        venue,
        market_id,
        outcome_id,
        kind AS price_kind,
        argMin(price, at) AS first_price,
        argMax(price, at) AS last_price,
        min(at) AS first_at,
        max(at) AS last_at
    FROM
    (
        SELECT venue, market_id, outcome_id, at, 'mid' AS kind, assumeNotNull(mid) AS price
        FROM silver_prices WHERE at >= since AND mid IS NOT NULL
        UNION ALL
        SELECT venue, market_id, outcome_id, at, 'last' AS kind, assumeNotNull(last) AS price
        FROM silver_prices WHERE at >= since AND last IS NOT NULL
    )
    GROUP BY venue, market_id, outcome_id, kind
    HAVING first_at < last_at
) AS p
LEFT JOIN (SELECT * FROM silver_markets FINAL) AS m ON m.venue = p.venue AND m.market_id = p.market_id
