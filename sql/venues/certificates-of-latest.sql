-- The certificates of the latest run of each venue that has ended, and how many of its markets are still there.
--
-- Parameters  none
-- By hand     clickhouse-client --database polymarket --queries-file sql/venues/certificates-of-latest.sql
SELECT c.venue AS venue, c.run AS run, c.check AS check, c.expected AS expected, c.found AS found, c.passed AS passed,
    c.required AS required, c.detail AS detail
FROM certificates AS c FINAL
WHERE (c.venue, c.run) IN
(
    SELECT venue, argMax(run, started_at) FROM ingest_runs FINAL WHERE ended_at IS NOT NULL GROUP BY venue
)
ORDER BY venue, check
