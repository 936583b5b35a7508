-- Hourly bars of each token from the tape of Polymarket's fills. Needs the table clob_fills.
--
-- Parameters  none
-- By hand     clickhouse-client --database polymarket --queries-file sql/venues/gold-fill-bars.sql
--             then SELECT * FROM gold_fill_bars WHERE token_id = 1234 ORDER BY start
--
-- `price` is NULL for dust, which makes no bar. Each match is one fill of each side's owner, so `shares` is twice what changed hands
-- in a match of two orders.
CREATE OR REPLACE VIEW gold_fill_bars AS
SELECT
    token_id,
    toStartOfHour(block_time) AS start,
    argMin(assumeNotNull(price), (block_time, tx_hash, order_hash)) AS open,
    max(assumeNotNull(price)) AS high,
    min(assumeNotNull(price)) AS low,
    argMax(assumeNotNull(price), (block_time, tx_hash, order_hash)) AS close,
    sum(shares) AS shares,
    sum(usdc) AS usdc,
    count() AS fills
FROM clob_fills
WHERE price IS NOT NULL
GROUP BY token_id, start
