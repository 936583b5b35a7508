-- Markets that certificates promise of the latest complete run of each type, and how many of them are there.
--
-- Parameters  venue:String
-- By hand     clickhouse-client --database polymarket --param_venue kalshi --queries-file sql/venues/promised-markets.sql
--
-- Every run promises the markets that it has seen; a later sight moves `seen_at` forward only.
SELECT
    r.run AS run,
    c.expected AS expected,
    countIf(m.seen_at >= r.begun_at) AS found
FROM
(
    SELECT venue, argMax(run, started_at) AS run, max(started_at) AS begun_at
    FROM ingest_runs FINAL
    WHERE venue = {venue:String} AND complete
    GROUP BY venue, type
) AS r
INNER JOIN (SELECT run, expected FROM certificates FINAL WHERE venue = {venue:String} AND check = 'markets') AS c ON c.run = r.run
-- Outer, so that a table that was emptied is found short too.
LEFT JOIN (SELECT venue, seen_at FROM silver_markets FINAL WHERE venue = {venue:String}) AS m ON m.venue = r.venue
GROUP BY run, expected
