-- What a run has seen of a venue.
--
-- Parameters  venue:String, since:DateTime64(3, 'UTC')
-- By hand     clickhouse-client --database polymarket --param_venue kalshi --param_since '2026-01-01 00:00:00' --queries-file sql/venues/counts-of-run.sql
SELECT
    (SELECT count() FROM silver_markets FINAL WHERE venue = {venue:String} AND seen_at >= {since:DateTime64(3, 'UTC')}) AS markets,
    (
        SELECT uniqExact(event_id) FROM silver_markets FINAL
        WHERE venue = {venue:String} AND seen_at >= {since:DateTime64(3, 'UTC')}
    ) AS events_named,
    (
        SELECT count() FROM silver_events FINAL
        WHERE venue = {venue:String} AND event_id IN
        (
            SELECT event_id FROM silver_markets FINAL
            WHERE venue = {venue:String} AND seen_at >= {since:DateTime64(3, 'UTC')}
        )
    ) AS events_found
