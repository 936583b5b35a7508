-- The markets whose details are read: open ones seen since a time, the busiest first by the volume that the venue ranks by.
--
-- Parameters  venue:String, since:DateTime64(3, 'UTC'), by_lifetime:Bool, min_volume:Nullable(Decimal(18, 6)), top:UInt64 (0: all)
-- By hand     clickhouse-client --database polymarket --param_venue kalshi --param_since '2026-01-01 00:00:00' --param_by_lifetime false --param_min_volume 5000 --param_top 100 --queries-file sql/venues/chosen-markets.sql
WITH if({by_lifetime:Bool}, volume, volume_24h) AS ranked
SELECT
    market_id,
    event_id,
    tokens,
    toString(mechanism) AS mechanism,
    -- Seconds of the epoch; 0 where the venue does not say.
    toUnixTimestamp(ifNull(created_time, toDateTime64(0, 6, 'UTC'))) AS created_at,
    -- Seconds of the epoch; 0 where its trades were never complete.
    toUnixTimestamp(marks.complete_to) AS trades_to
FROM silver_markets AS m FINAL
LEFT JOIN (SELECT market_id, max(complete_to) AS complete_to FROM trade_marks WHERE venue = {venue:String} GROUP BY market_id) AS marks USING (market_id)
WHERE venue = {venue:String}
    AND status = 'open'
    AND seen_at >= {since:DateTime64(3, 'UTC')}
    AND ({min_volume:Nullable(Decimal(18, 6))} IS NULL OR ranked >= {min_volume:Nullable(Decimal(18, 6))})
ORDER BY ranked DESC NULLS LAST, market_id
LIMIT if({top:UInt64} = 0, 18446744073709551615, {top:UInt64})
