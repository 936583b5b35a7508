-- Puts a new table in the place of the live one, in one atomic step: readers have the one or the other, whole.
-- Parameters: incoming, the new table's name, which is the old one's afterwards; live.
-- By hand: clickhouse client --param_incoming=clob_fills_staging --param_live=clob_fills --queries-file sql/promote/exchange.sql
EXCHANGE TABLES {incoming:Identifier} AND {live:Identifier}
