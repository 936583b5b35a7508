-- Markets that certificates promise of the latest complete run of each type, and how many of them are there.
--
-- Parameters  venue:String
-- By hand     clickhouse-client --database polymarket --param_venue kalshi --queries-file sql/venues/promised-markets.sql
--
-- Every run promises the markets that it has seen; a later sight moves `seen_at` forward only.
SELECT
    r.run AS run,
    c.expected AS expected,
    (SELECT count() FROM silver_markets FINAL WHERE venue = {venue:String}) AS all_found,
    countIf(m.seen_at >= r.started_at) AS found
FROM
(
    SELECT argMax(run, started_at) AS run, max(started_at) AS started_at
    FROM ingest_runs FINAL
    WHERE venue = {venue:String} AND complete
    GROUP BY type
) AS r
INNER JOIN (SELECT run, expected FROM certificates FINAL WHERE venue = {venue:String} AND check = 'markets') AS c ON c.run = r.run
CROSS JOIN (SELECT seen_at FROM silver_markets FINAL WHERE venue = {venue:String}) AS m
GROUP BY run, expected
