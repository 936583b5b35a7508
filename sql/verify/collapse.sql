-- Collapses the copies that replayed chunks have left. Only run where `collapsed.sql` shows some: it rewrites the table.
-- Parameters: fills, the table.
-- By hand: clickhouse client --param_fills=clob_fills_staging --queries-file sql/verify/collapse.sql
OPTIMIZE TABLE {fills:Identifier} FINAL
