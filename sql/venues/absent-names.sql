-- Of a list of names those that a run has seen neither as a market nor as an event.
--
-- Parameters  venue:String, since:DateTime64(3, 'UTC'), names:Array(String)
-- By hand     clickhouse-client --database polymarket --param_venue limitless --param_since '2026-01-01 00:00:00' --param_names "['a','b']" --queries-file sql/venues/absent-names.sql
SELECT arrayJoin({names:Array(String)}) AS name
WHERE name NOT IN (SELECT market_id FROM silver_markets WHERE venue = {venue:String} AND seen_at >= {since:DateTime64(3, 'UTC')})
    AND name NOT IN (SELECT event_id FROM silver_events WHERE venue = {venue:String} AND seen_at >= {since:DateTime64(3, 'UTC')})
