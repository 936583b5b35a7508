-- How many rows a table holds, and how many once copies with one sort key are collapsed. Equal: it is collapsed already.
-- Parameters: fills, the table.
-- By hand: clickhouse client --param_fills=clob_fills_staging --queries-file sql/verify/collapsed.sql
SELECT
    (SELECT count() FROM {fills:Identifier}) AS rows,
    (SELECT count() FROM {fills:Identifier} FINAL) AS rows_final
