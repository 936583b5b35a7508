-- How far the chains of a run have come at a venue.
--
-- Parameters  run:String, venue:String
-- By hand     clickhouse-client --database polymarket --param_run r1 --param_venue kalshi --queries-file sql/venues/chains-of-run.sql
SELECT chain, kind, state, pages, records, dropped, rejected, missing, total, cursors, ended_by
FROM ingest_chains FINAL
WHERE run = {run:String} AND venue = {venue:String}
