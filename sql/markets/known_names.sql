-- Names that an earlier catalogue gave, so that `backfill markets` without one does not forget them. One row a market.
--
-- Parameters  none
-- By hand     clickhouse-client --database polymarket --queries-file sql/markets/known_names.sql
SELECT
    lower(hex(condition_id)) AS condition,
    question,
    slug,
    toString(volume) AS volume,
    toString(start_date) AS start_date,
    toString(end_date) AS end_date,
    outcomes,
    neg_risk
FROM markets FINAL
WHERE question != '' OR slug != ''
