-- Finds the giants: a wallet with at least `least` fills in one token. Looked for among the wallets and the tokens that have so
-- many at all, which is two cheap passes; longest first, in batches of about `batch_fills` fills.
-- Parameters: fills; giants, made by `create-giants.sql`; least; batch_fills.
-- By hand: clickhouse client --param_fills=clob_fills --param_giants=pnl_giants --param_least=256 --param_batch_fills=2000000
--          --queries-file sql/pnl/giants.sql
INSERT INTO {giants:Identifier} (wallet, token_id, fills, batch)
SELECT
    wallet,
    token_id,
    pair_fills,
    intDiv(sum(pair_fills) OVER (ORDER BY pair_fills DESC, wallet, token_id) - 1, {batch_fills:UInt64})
FROM
(
    SELECT wallet, token_id, count() AS pair_fills
    FROM {fills:Identifier}
    WHERE token_id IN (SELECT token_id FROM {fills:Identifier} GROUP BY token_id HAVING count() >= {least:UInt64})
        AND wallet IN (SELECT wallet FROM {fills:Identifier} GROUP BY wallet HAVING count() >= {least:UInt64})
    GROUP BY wallet, token_id
    HAVING pair_fills >= {least:UInt64} AND countIf(side = 'BUY') BETWEEN 1 AND pair_fills - 1
)
