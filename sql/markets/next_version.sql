-- The version of what is written next to outcome_tokens and markets: above every version that is there, whatever the server's clock
-- says now or said then. One row.
--
-- Parameters  none
-- By hand     clickhouse-client --database polymarket --queries-file sql/markets/next_version.sql
SELECT toString(greatest(
    now64(3, 'UTC'),
    (SELECT max(updated_at) FROM outcome_tokens) + toIntervalMillisecond(1),
    (SELECT max(updated_at) FROM markets) + toIntervalMillisecond(1)
)) AS version
