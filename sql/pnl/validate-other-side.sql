-- What the ledger of some wallets would gain if fills were credited to their counterparty as well: the mistake of reading both
-- columns of an event.
-- Parameters: fills; map, made by `verify/token-map.sql`; wallets, as hex without 0x.
-- By hand: clickhouse client --param_fills=clob_fills --param_map=check_tokens --param_wallets="['ab…']"
--          --queries-file sql/pnl/validate-other-side.sql
SELECT
    lower(hex(counterparty)) AS wallet,
    sum(other_fills) AS total_fills,
    sum(cash + intDiv(toInt256(net) * numerators[position], denominator)) AS ledger
FROM
(
    SELECT
        counterparty,
        token_id,
        count() AS other_fills,
        sum(toInt128(reinterpretAsInt64(f.cash))) AS cash,
        sum(toInt128(reinterpretAsInt64(f.net_shares))) AS net
    FROM {fills:Identifier} AS f
    WHERE counterparty IN (SELECT toFixedString(unhex(arrayJoin({wallets:Array(String)})), 20))
    GROUP BY counterparty, token_id
) AS other
INNER JOIN {map:Identifier} AS m USING (token_id)
WHERE denominator > 0
GROUP BY counterparty
