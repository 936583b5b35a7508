-- Writes markets as the sources say them: ids as text, `null` where something is not known.
--
-- Parameters  none; the rows follow as JSON, one a line:
--             {"condition_id": "0x…", "question": "…", "slug": "…", "volume": "12.5", "start_date": null,
--              "end_date": "2024-11-05T12:00:00Z", "outcomes": ["Yes", "No"], "neg_risk": true, "tokens": ["123…", "456…"]}
-- By hand     clickhouse-client --database polymarket --query "$(cat sql/schema/insert_markets.sql)" < rows.ndjson
INSERT INTO markets (condition_id, question, slug, volume, start_date, end_date, outcomes, neg_risk, tokens)
SELECT
    toFixedString(unhex(substring(condition_id, 3)), 32),
    question,
    slug,
    volume,
    parseDateTime64BestEffortOrNull(start_date, 3, 'UTC'),
    parseDateTime64BestEffortOrNull(end_date, 3, 'UTC'),
    outcomes,
    neg_risk,
    tokens
FROM input('condition_id String, question String, slug String, volume Nullable(Decimal(38, 6)), start_date Nullable(String),
            end_date Nullable(String), outcomes Array(String), neg_risk Nullable(Bool), tokens Array(UInt256)')
FORMAT JSONEachRow
