-- A universe of matches that obey the exchange's rules, made inside ClickHouse: for tests and for bench-pnl.
-- Normal matches with one or two resting orders, mint, merge and mixed ones; fees on both sides, dust, refunds, direct fills, ties
-- within a second, wallets on both sides of one match, one giant market (the first) and a few giant wallets.
-- Parameters: fills, the table; seed; first and matches, the numbers of the matches; total, of all of them; markets; wallets.
INSERT INTO {fills:Identifier} (tx_hash, order_hash, block_time, wallet, counterparty, token_id, side, shares, usdc, fee)
WITH
    (x, salt) -> sipHash64({seed:UInt32}, x, salt) AS rnd,
    x -> toFixedString(concat(reinterpretAsFixedString(rnd(x, 'a')), reinterpretAsFixedString(rnd(x, 'b')),
        reinterpretAsFixedString(rnd(x, 'c')), reinterpretAsFixedString(rnd(x, 'd'))), 32) AS hash32,
    x -> toFixedString(substring(hash32(toUInt64(x + 9000000000)), 1, 20), 20) AS address,
    toFixedString(unhex('4bfb41d5b3570defd03c39a9a4d8de6bd8b8982e'), 20) AS exchange
SELECT
    hash32(j) AS tx_hash,
    hash32(toUInt64(j * 4 + row.1 + 1000000000000)) AS order_hash,
    toDateTime(1664582400 + intDiv(j, 3) * greatest(1, intDiv(330000000, {total:UInt64})), 'UTC') AS block_time,
    address(row.2) AS wallet,
    if(row.3 = 18446744073709551615, exchange, address(row.3)) AS counterparty,
    reinterpretAsUInt256(hash32(toUInt64(market * 2 + row.4 + 5000000000000))) AS token_id,
    if(row.5, 'BUY', 'SELL') AS side,
    reinterpret(row.6, 'Decimal(18, 6)') AS shares,
    reinterpret(row.7, 'Decimal(18, 6)') AS usdc,
    reinterpret(row.8, 'Decimal(18, 6)') AS fee
FROM
(
    SELECT
        number AS j,
        if(rnd(j, 'g') % 8 = 0, 0, toUInt64({markets:UInt32} * pow(rnd(j, 'm') / 18446744073709551616., 2))) AS market,
        rnd(j, 'k') % 8 AS kind,
        toUInt8(rnd(j, 'o') % 2) AS outcome,
        rnd(j, 's') % 2 = 0 AS aggressor_buys,
        toUInt64({wallets:UInt32} * pow(rnd(j, 't') / 18446744073709551616., 3)) AS taker,
        toUInt64({wallets:UInt32} * pow(rnd(j, 'x') / 18446744073709551616., 6)) AS maker_1,
        toUInt64({wallets:UInt32} * pow(rnd(j, 'y') / 18446744073709551616., 3)) AS maker_2,
        j % 1000 = 7 AS dusty,
        toInt64(1000 + rnd(j, 'p') % 998000) AS price,
        if(dusty, toInt64(1 + j % 3), toInt64(1000000 + rnd(j, 'n') % 900000000)) AS shares_1,
        if(kind IN (4, 7), toInt64(1000000 + rnd(j, 'q') % 90000000), toInt64(0)) AS shares_2,
        intDiv(shares_1 * price, 1000000) AS usdc_1,
        intDiv(shares_2 * price, 1000000) AS usdc_2,
        kind IN (5, 6) AS complement_1,
        kind = 7 AS complement_2,
        -- A resting order: the other side of the same token, or the same side of the complement.
        (0, maker_1, taker, if(complement_1, toUInt8(1 - outcome), outcome), if(complement_1, aggressor_buys, NOT aggressor_buys),
            shares_1, if(complement_1, shares_1 - usdc_1, usdc_1), toInt64(0)) AS resting_1,
        (1, maker_2, taker, if(complement_2, toUInt8(1 - outcome), outcome), if(complement_2, aggressor_buys, NOT aggressor_buys),
            shares_2, if(complement_2, shares_2 - usdc_2, usdc_2), if(j % 70 = 5, toInt64(intDiv(shares_2, 100)), toInt64(0))) AS resting_2,
        (2, taker, toUInt64(18446744073709551615), outcome, aggressor_buys, shares_1 + shares_2,
            usdc_1 + usdc_2 + if(j % 5000 = 11 AND aggressor_buys, toInt64(1000000), toInt64(0)),
            if(j % 50 = 3, toInt64(intDiv(if(aggressor_buys, shares_1, usdc_1), 50)), toInt64(0))) AS aggressor,
        multiIf(
            j % 7000 = 13, [resting_1],
            shares_2 > 0, [resting_1, resting_2, aggressor],
            [resting_1, aggressor]) AS rows
    FROM numbers({first:UInt64}, {matches:UInt64})
)
ARRAY JOIN rows AS row
