-- Names of the unsettled markets of a venue: what a delta stops at.
--
-- Parameters  venue:String
-- By hand     clickhouse-client --database polymarket --param_venue polymarket --queries-file sql/venues/known-markets.sql
SELECT market_id FROM silver_markets FINAL WHERE venue = {venue:String} AND status NOT IN ('resolved', 'void')
