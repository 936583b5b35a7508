-- Hourly bars of each outcome from the venues' trades.
--
-- Parameters  none
-- By hand     clickhouse-client --database polymarket --queries-file sql/venues/gold-trade-bars.sql
--             then SELECT * FROM gold_trade_bars WHERE venue = 'kalshi' ORDER BY start DESC LIMIT 20
CREATE OR REPLACE VIEW gold_trade_bars AS
SELECT
    venue,
    market_id,
    outcome_id,
    toStartOfHour(t.at) AS start,
    argMin(price, (t.at, trade_id)) AS open,
    max(price) AS high,
    min(price) AS low,
    argMax(price, (t.at, trade_id)) AS close,
    sum(size) AS volume,
    count() AS trades
FROM silver_trades AS t FINAL
GROUP BY venue, market_id, outcome_id, start
