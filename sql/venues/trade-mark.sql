-- Up to when the trades of a whole exchange are complete, seconds of the epoch; 0 where they never were.
--
-- Parameters  venue:String
-- By hand     clickhouse-client --database polymarket --param_venue kalshi --queries-file sql/venues/trade-mark.sql
SELECT toUnixTimestamp(max(complete_to)) AS complete_to FROM trade_marks WHERE venue = {venue:String} AND market_id = ''
