-- Rows whose values cannot be: RowBinary is not checked by the server, so anything may stand there.
-- Amounts lie in [0, 10^18): a Decimal(18, 6) holds more only by accident, and then a later sum throws. The exchange began in
-- September 2022; the far bound only catches seconds taken for milliseconds and the like. Block and log are those of the chain, and
-- exactly the subgraph's rows are without them.
-- Parameters: fills, the table; limit, how many offenders to show.
-- By hand: clickhouse client --param_fills=clob_fills_staging --param_limit=10 --queries-file sql/verify/range.sql
SELECT
    concat('0x', lower(hex(tx_hash)), '_0x', lower(hex(order_hash))) AS id,
    toString(token_id) AS token,
    arrayStringConcat(arrayFilter(x -> x != '', [
        if(toInt8(side) IN (1, 2), '', concat('side ', toString(toInt8(side)))),
        if(reinterpretAsInt64(shares) BETWEEN 0 AND 999999999999999999, '', concat('shares ', toString(reinterpretAsInt64(shares)))),
        if(reinterpretAsInt64(usdc) BETWEEN 0 AND 999999999999999999, '', concat('usdc ', toString(reinterpretAsInt64(usdc)))),
        if(reinterpretAsInt64(fee) BETWEEN 0 AND 999999999999999999, '', concat('fee ', toString(reinterpretAsInt64(fee)))),
        if(toInt8(exchange) BETWEEN 1 AND 7, '', concat('exchange ', toString(toInt8(exchange)))),
        if((exchange = 'v1') = (block_number = 0), '', concat('block ', toString(block_number))),
        if((exchange = 'v1') = (log_index = -1) AND log_index >= -1, '', concat('log ', toString(log_index))),
        if(order_hash != toFixedString('', 32), '', 'order 0'),
        if(counterparty != toFixedString('', 20), '', 'counterparty 0'),
        if(block_time BETWEEN toDateTime('2020-01-01', 'UTC') AND toDateTime('2040-01-01', 'UTC'), '', concat('time ', toString(block_time))),
        if(token_id != 0, '', 'token 0'),
        if(wallet != toFixedString('', 20), '', 'wallet 0'),
        if(tx_hash != toFixedString('', 32), '', 'transaction 0')
    ]), ', ') AS wrong,
    count() OVER () AS total
FROM {fills:Identifier}
WHERE toInt8(side) NOT IN (1, 2)
    OR reinterpretAsInt64(shares) NOT BETWEEN 0 AND 999999999999999999
    OR reinterpretAsInt64(usdc) NOT BETWEEN 0 AND 999999999999999999
    OR reinterpretAsInt64(fee) NOT BETWEEN 0 AND 999999999999999999
    OR toInt8(exchange) NOT BETWEEN 1 AND 7
    OR (exchange = 'v1') != (block_number = 0)
    OR (exchange = 'v1') != (log_index = -1)
    OR log_index < -1
    OR order_hash = toFixedString('', 32)
    OR counterparty = toFixedString('', 20)
    OR block_time NOT BETWEEN toDateTime('2020-01-01', 'UTC') AND toDateTime('2040-01-01', 'UTC')
    OR token_id = 0
    OR wallet = toFixedString('', 20)
    OR tx_hash = toFixedString('', 32)
LIMIT {limit:UInt32}
