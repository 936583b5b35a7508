-- A table to try the exchange of names on; dropped at once.
--
-- Parameters  probe: its name
-- By hand     clickhouse-client --database polymarket --param_probe backfill_probe_0000000001_a --queries-file sql/lease/probe.sql
CREATE TABLE IF NOT EXISTS {probe:Identifier} (n UInt8) ENGINE = MergeTree ORDER BY n
