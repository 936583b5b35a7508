-- What `backfill check` shows of each layer: rows, and when the newest was seen.
--
-- Parameters  none
-- By hand     clickhouse-client --database polymarket --queries-file sql/venues/layers.sql
SELECT 'bronze_responses' AS layer, venue, uniqExact(endpoint, record_id, hash) AS rows, max(last_seen) AS newest FROM bronze_responses GROUP BY venue
UNION ALL
SELECT 'silver_events' AS layer, venue, count() AS rows, max(seen_at) AS newest FROM silver_events FINAL GROUP BY venue
UNION ALL
SELECT 'silver_markets' AS layer, venue, count() AS rows, max(seen_at) AS newest FROM silver_markets FINAL GROUP BY venue
UNION ALL
SELECT 'silver_prices' AS layer, venue, count() AS rows, max(at) AS newest FROM silver_prices FINAL GROUP BY venue
UNION ALL
SELECT 'silver_books' AS layer, venue, count() AS rows, max(at) AS newest FROM silver_books FINAL GROUP BY venue
UNION ALL
SELECT 'silver_trades' AS layer, venue, count() AS rows, max(at) AS newest FROM silver_trades FINAL GROUP BY venue
ORDER BY layer, venue
