-- Traded by day and venue: shares or contracts, and dollars (Σ size × price, cut at the sixth place of the sum).
--
-- Parameters  none
-- By hand     clickhouse-client --database polymarket --queries-file sql/venues/gold-volume-by-day.sql
--             then SELECT * FROM gold_volume_by_day ORDER BY day DESC, venue LIMIT 20
--
-- From trades, so only of venues that publish them. `size_unit` keeps shares and contracts apart.
CREATE OR REPLACE VIEW gold_volume_by_day AS
SELECT
    toDate(at) AS day,
    venue,
    if(venue = 'kalshi', 'contracts', 'shares') AS size_unit,
    count() AS trades,
    uniqExact(market_id) AS markets,
    sum(t.size) AS size,
    -- Twelve places until the sum is taken: nothing is rounded trade by trade.
    toDecimal128(sum(toDecimal256(t.size, 6) * t.price), 6) AS usd
FROM silver_trades AS t FINAL
GROUP BY day, venue
