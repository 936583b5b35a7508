-- Markets across venues with their event and their latest prices: what a person asks first.
--
-- Parameters  none
-- By hand     clickhouse-client --database polymarket --queries-file sql/venues/gold-markets.sql
--             then SELECT * FROM gold_markets WHERE status = 'open' AND volume_unit = 'usd' ORDER BY volume_24h DESC LIMIT 20
--
-- Rank within one `volume_unit` only: a contract is not a dollar.
CREATE OR REPLACE VIEW gold_markets AS
SELECT
    m.venue AS venue,
    m.market_id AS market_id,
    m.event_id AS event_id,
    e.title AS event,
    m.question AS question,
    if(m.category != '', m.category, e.category) AS category,
    m.status AS status,
    m.outcomes AS outcomes,
    m.tokens AS tokens,
    m.volume AS volume,
    m.volume_24h AS volume_24h,
    m.volume_unit AS volume_unit,
    m.open_interest AS open_interest,
    p.bid AS bid,
    p.ask AS ask,
    p.mid AS mid,
    p.last AS last,
    p.priced_at AS priced_at,
    m.close_time AS close_time,
    m.winner AS winner,
    m.seen_at AS seen_at
FROM silver_markets AS m FINAL
LEFT JOIN (SELECT * FROM silver_events FINAL) AS e ON e.venue = m.venue AND e.event_id = m.event_id
LEFT JOIN (SELECT * FROM gold_latest_prices) AS p
    ON p.venue = m.venue
    AND p.market_id = m.market_id
    AND p.outcome_id = if(empty(m.tokens), concat(m.market_id, ':0'), m.tokens[1])
SETTINGS join_use_nulls = 1
