-- The latest price of each outcome: bid, ask, midpoint and last trade as they were last seen together, and when that was.
--
-- Parameters  none
-- By hand     clickhouse-client --database polymarket --queries-file sql/venues/gold-latest-prices.sql
--             then SELECT * FROM gold_latest_prices WHERE venue = 'kalshi' LIMIT 20
--
-- Histories do not count: they may lie behind what a listing showed.
CREATE OR REPLACE VIEW gold_latest_prices AS
SELECT
    venue,
    market_id,
    outcome_id,
    tupleElement(latest, 1) AS bid,
    tupleElement(latest, 2) AS ask,
    tupleElement(latest, 3) AS mid,
    tupleElement(latest, 4) AS last,
    priced_at
FROM
(
    SELECT
        venue,
        market_id,
        outcome_id,
        -- From one price, not mixed from several: what was quoted at one time belongs together.
        argMax((bid, ask, mid, last), at) AS latest,
        max(at) AS priced_at
    FROM silver_prices
    WHERE origin != 'history'
    GROUP BY venue, market_id, outcome_id
)
