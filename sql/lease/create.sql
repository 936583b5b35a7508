-- One lease of the target: whoever makes the table of the next number holds it. Its comment, added by backfill, says who that is.
--
-- Parameters  lease: backfill_lease_ and ten digits
-- By hand     clickhouse-client --database polymarket --param_lease backfill_lease_0000000001 --queries-file sql/lease/create.sql
--
-- Without IF NOT EXISTS: of all who ask at once, the server lets one make it.
CREATE TABLE {lease:Identifier}
(
    at DateTime64(3, 'UTC') DEFAULT now64(3),
    state Enum8('held' = 1, 'released' = 2)
)
ENGINE = MergeTree
ORDER BY at
