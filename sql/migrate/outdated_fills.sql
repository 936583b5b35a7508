-- Tables of fills, live, staging and backups, that were made before the tape: with the columns of the subgraph and no others.
--
-- Parameters  database
-- By hand     clickhouse-client --param_database polymarket --queries-file sql/migrate/outdated_fills.sql
SELECT table
FROM system.columns
WHERE database = {database:String}
    AND match(table, '^clob_fills(_staging|_(backup|undone)_[0-9]{8}_[0-9]{6}_[0-9]{3})?$')
    AND default_kind = ''
GROUP BY table
HAVING arraySort(groupArray(name)) = ['block_time', 'counterparty', 'fee', 'order_hash', 'shares', 'side', 'token_id', 'tx_hash', 'usdc', 'wallet']
ORDER BY table
