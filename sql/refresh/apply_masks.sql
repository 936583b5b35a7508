-- Rewrites the parts of staging that carry masks of deleted rows, so that what is counted in parts is what is there.
--
-- Parameters  none
-- By hand     clickhouse-client --database polymarket --queries-file sql/refresh/apply_masks.sql
ALTER TABLE clob_fills_staging APPLY DELETED MASK SETTINGS mutations_sync = 2
