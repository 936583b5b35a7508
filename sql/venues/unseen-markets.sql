-- Unsettled markets that a run has not seen: they have left the lists, and are asked for by name.
--
-- Parameters  venue:String, since:DateTime64(3, 'UTC'), which:String (all, open, or traded or due)
-- By hand     clickhouse-client --database polymarket --param_venue kalshi --param_since '2026-01-01 00:00:00' --param_which all --queries-file sql/venues/unseen-markets.sql
SELECT market_id
FROM silver_markets FINAL
WHERE venue = {venue:String}
    AND seen_at < {since:DateTime64(3, 'UTC')}
    AND status NOT IN ('resolved', 'void')
    AND
    (
        {which:String} = 'all'
        OR ({which:String} = 'open' AND status = 'open')
        OR ({which:String} = 'traded or due' AND (volume_24h > 0 OR (status IN ('open', 'paused') AND close_time < {since:DateTime64(3, 'UTC')})))
    )
ORDER BY market_id
