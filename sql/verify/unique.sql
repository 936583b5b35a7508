-- Rows beyond one for each fill, in one slice of the transactions: (tx_hash, order_hash) where the subgraph served it, (tx_hash,
-- log_index) where the chain did, by which an order may be filled twice. The identity is counted by its hash: a
-- collision can only raise a false alarm, which the exact form (`doubled.sql`) then clears.
-- Parameters: fills, the table; slices; slice, from 0.
-- By hand: clickhouse client --param_fills=clob_fills_staging --param_slices=1 --param_slice=0 --queries-file sql/verify/unique.sql
SELECT count() AS rows, count() - uniqExact(cityHash64(tx_hash, log_index, if(log_index < 0, order_hash, toFixedString('', 32)))) AS surplus
FROM {fills:Identifier}
WHERE cityHash64(tx_hash) % {slices:UInt32} = {slice:UInt32}
