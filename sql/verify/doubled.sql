-- The fills that stand in the table more than once, whatever token or time their copies have.
-- Parameters: fills, the table; slices; slice, from 0; limit.
-- By hand: clickhouse client --param_fills=clob_fills_staging --param_slices=1 --param_slice=0 --param_limit=10
--          --queries-file sql/verify/doubled.sql
SELECT
    concat('0x', lower(hex(tx_hash)), '_0x', lower(hex(any(order_hash))), if(log_index < 0, '', concat(' log ', toString(log_index)))) AS id,
    count() AS copies,
    arrayStringConcat(arrayMap(x -> toString(x), groupUniqArray(3)(token_id)), ', ') AS tokens,
    arrayStringConcat(arrayMap(x -> toString(x), groupUniqArray(3)(block_time)), ', ') AS times,
    count() OVER () AS total
FROM {fills:Identifier}
WHERE cityHash64(tx_hash) % {slices:UInt32} = {slice:UInt32}
GROUP BY tx_hash, log_index, if(log_index < 0, order_hash, toFixedString('', 32))
HAVING copies > 1
ORDER BY copies DESC, id
LIMIT {limit:UInt32}
