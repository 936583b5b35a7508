-- Every transaction and condition that does not conserve, with what explains it. The first that fits:
--   refund        the shares balance and cash + shares is negative: the aggressor's BUY names more than he spent
--   direct fill   a lone fill whose counterparty is no exchange: made by the operator, it has no other side
--   rejected row  a fill of this transaction was rejected, and verify was told to accept that
--   uncounted     a fill of a token whose counts cannot be read: nobody can tell whether the source is short of it
--   source short  a fill of a token and side of which the source serves fewer than it counts: a leg was overwritten
--   share dust    the aggressor's SELL exceeds what was bought by less than the rounding of those fills: given back to him
--   unexplained   any other; fails
-- `IN (SELECT …)` stands within a lambda over columns of the table: over a literal some servers take it for empty.
-- Parameters: unbalanced, made by `unbalanced.sql`; flagged, made by `sketch.sql`; residuals, the table to fill; run, whose
-- `source_short`, `uncounted_tokens` and `rejected_fills` count.
-- By hand: clickhouse client --param_unbalanced=check_unbalanced --param_flagged=check_flagged
--          --param_residuals=conservation_residuals --param_run=20260101-120000-ab12 --queries-file sql/verify/residuals.sql
INSERT INTO {residuals:Identifier} (tx_hash, condition_id, fills, cash, shares, volume, explanation)
SELECT
    tx_hash,
    condition_id,
    fills,
    cash,
    shares,
    volume,
    multiIf(
        arrayUniq(shares) = 1 AND cash + shares[1] < 0 AND -(cash + shares[1]) <= exchange_paid, 'refund',
        fills = 1 AND exchange_fills = 0, 'direct fill',
        tx_hash IN (SELECT tx_hash FROM rejected_fills WHERE run = {run:String}), 'rejected row',
        arrayExists(leg -> (condition_id, intDiv(leg, 2)) IN
        (
            SELECT condition_id, toUInt32(position)
            FROM uncounted_tokens INNER JOIN {flagged:Identifier} USING (token_id)
            WHERE run = {run:String}
        ), legs), 'uncounted',
        arrayExists(leg -> (condition_id, leg) IN
        (
            SELECT condition_id, toUInt32(2 * position + (side = 'SELL'))
            FROM source_short INNER JOIN {flagged:Identifier} USING (token_id)
            WHERE run = {run:String}
        ), legs), 'source short',
        exchange_sells = 1 AND arrayMax(arrayMap(s -> cash + s, shares)) = 0
            AND arrayCount(s -> cash + s != 0, shares) = 1 AND cash + shares[sold_position] < 0
            AND -(cash + shares[sold_position]) <= dust, 'share dust',
        'unexplained') AS explanation
FROM {unbalanced:Identifier}
