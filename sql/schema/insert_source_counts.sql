-- Writes the source's counts. Volumes come as the source says them, in integer micro-USDC: they are the stored integers.
--
-- Parameters  none; the rows follow as JSON, one a line:
--             {"run": "…", "token_id": "123…", "buys": "10", "sells": "5", "buy_micros": "2500000", "sell_micros": "0"}
-- By hand     clickhouse-client --database polymarket --query "$(cat sql/schema/insert_source_counts.sql)" < rows.ndjson
INSERT INTO source_counts (run, token_id, buys, sells, buy_usdc, sell_usdc)
SELECT
    run,
    token_id,
    buys,
    sells,
    reinterpret(buy_micros, 'Decimal(38, 6)'),
    reinterpret(sell_micros, 'Decimal(38, 6)')
FROM input('run String, token_id UInt256, buys UInt64, sells UInt64, buy_micros Int128, sell_micros Int128')
FORMAT JSONEachRow
