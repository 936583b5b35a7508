-- Markets that events list as open and that the lists of markets did not show.
--
-- Parameters  venue:String, since:DateTime64(3, 'UTC')
-- By hand     clickhouse-client --database polymarket --param_venue polymarket --param_since '2026-01-01 00:00:00' --queries-file sql/venues/unlisted-markets.sql
SELECT DISTINCT arrayJoin(markets) AS market_id
FROM silver_events FINAL
WHERE venue = {venue:String} AND seen_at >= {since:DateTime64(3, 'UTC')}
    AND market_id NOT IN
    (
        SELECT market_id FROM silver_markets WHERE venue = {venue:String} AND seen_at >= {since:DateTime64(3, 'UTC')}
    )
ORDER BY market_id
