/** The simulated universe's own fills in a ClickHouse table, written as text and converted by the server: our encoder has no part in it. */

import { createFillsTable } from '../../src/clickhouse/schema.js';
import type { Target } from '../../src/clickhouse/target.js';
import { isBuy, tokenOf } from '../../src/simulator/truth.js';
import type { Universe } from '../../src/simulator/universe.js';

const INSERT = `INSERT INTO truth SELECT unhex(tx), unhex(ord), toDateTime(at, 'UTC'), unhex(wallet), unhex(other),
  token, side, shares / 1, usdc / 1, fee / 1
  FROM input('tx String, ord String, at UInt32, wallet String, other String, token UInt256, side String, shares String, usdc String, fee String')`;
const LINES = 100_000;

export async function writeTruth(target: Target, universe: Universe): Promise<number> {
  await createFillsTable(target, 'truth', { replace: true });
  const statement = `${INSERT.replaceAll(/(\w+) \/ 1/g, 'toDecimal64($1, 6)')} FORMAT TSV`;
  let lines: string[] = [];
  let rows = 0;
  const flush = async () => {
    if (lines.length > 0) await target.insertBody(statement, `${lines.join('\n')}\n`);
    rows += lines.length;
    lines = [];
  };
  for (const fill of universe.fills(universe.lastBlock)) {
    const buy = isBuy(fill);
    lines.push(
      [
        fill.transactionHash.slice(2),
        fill.orderHash.slice(2),
        fill.timestamp,
        fill.maker.slice(2),
        fill.taker.slice(2),
        tokenOf(fill),
        buy ? 'BUY' : 'SELL',
        decimal(buy ? fill.takerAmountFilled : fill.makerAmountFilled),
        decimal(buy ? fill.makerAmountFilled : fill.takerAmountFilled),
        decimal(fill.fee),
      ].join('\t'),
    );
    if (lines.length >= LINES) await flush();
  }
  await flush();
  return rows;
}

function decimal(micros: string): string {
  const digits = micros.padStart(7, '0');
  return `${digits.slice(0, -6)}.${digits.slice(-6)}`;
}

/** Rows of either table that the other lacks, as hash sums and counts: 0 and 0 when they are equal row by row. */
export async function compareTables(target: Target, a: string, b: string): Promise<{ onlyA: number; onlyB: number }> {
  const columns = 'tx_hash, order_hash, block_time, wallet, counterparty, token_id, side, shares, usdc, fee';
  const only = async (left: string, right: string) => {
    const [row] = await target.query<{ n: string }>(
      `SELECT count() AS n FROM (SELECT cityHash64(${columns}) AS h, token_id FROM ${left} FINAL) AS l
       LEFT ANTI JOIN (SELECT cityHash64(${columns}) AS h FROM ${right} FINAL) AS r USING (h)`,
    );
    return Number(row?.n ?? -1);
  };
  return { onlyA: await only(a, b), onlyB: await only(b, a) };
}
