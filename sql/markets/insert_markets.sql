-- Writes markets given as JSON lines: {"condition": "<64 hex digits>", "question": "…", "slug": "…", "volume": "12.5", "start_date": null,
-- "end_date": "2024-11-05T12:00:00Z", "outcomes": ["Yes", "No"], "neg_risk": null, "tokens": ["1", "2"]}. Rows of the same
-- condition replace earlier ones, except that the tokens that the chain has told stay.
--
-- Parameters  version: of these rows, from `next_version.sql`; the lines follow as data
-- By hand     clickhouse-client --database polymarket --param_version '2026-01-01 00:00:00.000' --query "$(cat sql/markets/insert_markets.sql)" < markets.ndjson
INSERT INTO markets (condition_id, question, slug, volume, start_date, end_date, outcomes, neg_risk, tokens, updated_at)
SELECT
    lines.id,
    question,
    slug,
    toDecimal128OrNull(volume, 6),
    parseDateTime64BestEffortOrNull(start_date, 3, 'UTC'),
    parseDateTime64BestEffortOrNull(end_date, 3, 'UTC'),
    outcomes,
    neg_risk,
    if(empty(chain.tokens), lines.tokens, chain.tokens),
    {version:DateTime64(3, 'UTC')}
FROM
(
    SELECT *, toFixedString(unhex(condition), 32) AS id
    FROM input('condition String, question String, slug String, volume Nullable(String), start_date Nullable(String), end_date Nullable(String), outcomes Array(String), neg_risk Nullable(Bool), tokens Array(UInt256)')
) AS lines
LEFT JOIN
(
    SELECT assumeNotNull(condition_id) AS id, arrayMap(t -> t.2, arraySort(groupUniqArray((outcome_index, token_id)))) AS tokens
    FROM outcome_tokens
    WHERE source = 'chain'
    GROUP BY id
) AS chain ON chain.id = lines.id
SETTINGS join_use_nulls = 0
FORMAT JSONEachRow
