-- How many different records of a listing were seen since a time: what a total is compared with.
--
-- Parameters  venue:String, endpoint:String, since:DateTime64(3, 'UTC')
-- By hand     clickhouse-client --database polymarket --param_venue opinion --param_endpoint /market --param_since '2026-01-01 00:00:00' --queries-file sql/venues/rows-of-listing.sql
SELECT uniqExact(record_id) AS rows
FROM bronze_responses
WHERE venue = {venue:String} AND endpoint = {endpoint:String} AND last_seen >= {since:DateTime64(3, 'UTC')}
