-- Gives a table another, free name: the first live table ever, the backup of an exchanged one, or back again.
-- Parameters: from; to.
-- By hand: clickhouse client --param_from=clob_fills_staging --param_to=clob_fills --queries-file sql/promote/rename.sql
RENAME TABLE {from:Identifier} TO {to:Identifier}
