import { randomUUID } from 'node:crypto';
import { dropScratch, longQueryFile, type Work } from '../../clickhouse/heavy.js';
import { describeTable } from '../../clickhouse/schema.js';
import { quoteString } from '../../clickhouse/sql.js';
import { FILLS_LIVE } from '../../clickhouse/tables.js';
import { usageError } from '../../core/exit.js';
import { buildTokenMap } from '../fills/checks/conservation.js';
import type { BaselineRow } from './baseline.js';
import { type Compared, compare, type WalletFigures } from './causes.js';
import { WALLET_MARKET } from './tables.js';

/** Compares the live P&L tables with known figures, in the baseline's order. Throws ExitError(1) when there are none. */
export async function validateWallets(
  work: Work,
  baseline: readonly BaselineRow[],
  tolerance: number,
): Promise<Compared[]> {
  if ((await describeTable(work.target, WALLET_MARKET)) === undefined) {
    throw usageError(`there is no table ${WALLET_MARKET}`, 'run `backfill rebuild-pnl` first');
  }
  const figures = await readFigures(work, [...new Set(baseline.map((row) => row.wallet))]);
  return baseline.map((row) => compare(row, figures.get(row.wallet), tolerance));
}

async function readFigures(work: Work, wallets: readonly string[]): Promise<Map<string, WalletFigures>> {
  const map = `check_tokens_${randomUUID().slice(0, 8)}`;
  try {
    await buildTokenMap(work, map);
    const own = await longQueryFile<Record<string, string>>(work, 'pnl/validate-wallets', {
      names: { wallet_market: WALLET_MARKET, map },
      params: { wallets },
    });
    const other = await longQueryFile<Record<string, string>>(work, 'pnl/validate-other-side', {
      names: { fills: FILLS_LIVE, map },
      params: { wallets },
    });
    const otherSide = new Map(other.map((row) => [row.wallet, BigInt(row.ledger ?? 0)]));
    const big = (row: Record<string, string>, key: string): bigint => BigInt(row[key] ?? 0);
    return new Map(
      own.map((row) => [
        row.wallet ?? '',
        {
          fills: Number(row.total_fills),
          volume: big(row, 'volume'),
          openVolume: big(row, 'open_volume'),
          ledger: big(row, 'ledger'),
          averageCost: big(row, 'average_cost'),
          openCash: big(row, 'open_cash'),
          markValue: big(row, 'mark_value'),
          grossLedger: big(row, 'gross_ledger'),
          otherSide: otherSide.get(row.wallet) ?? 0n,
        },
      ]),
    );
  } finally {
    await dropScratch(work, [map]);
  }
}

const SAVED = 'backfill: fills of baseline wallets';

/** Keeps the wallets' fills, on either side, in a table of their own. Replaces only a table that an earlier call made. */
export async function saveFills(work: Work, table: string, baseline: readonly BaselineRow[]): Promise<number> {
  const { target } = work;
  const existing = await describeTable(target, table);
  if (existing !== undefined && existing.comment !== SAVED) {
    throw usageError(`the table ${target.database}.${table} was not made by --save-table`, 'choose another name');
  }
  const wallets = [...new Set(baseline.map((row) => row.wallet))];
  const statement = existing === undefined ? 'CREATE TABLE' : 'CREATE OR REPLACE TABLE';
  await target.command(`${statement} {table:Identifier} AS {fills:Identifier} COMMENT ${quoteString(SAVED)}`, {
    names: { table, fills: FILLS_LIVE },
  });
  await target.longCommand(
    `INSERT INTO {table:Identifier} SELECT * FROM {fills:Identifier}
     WHERE wallet IN (SELECT toFixedString(unhex(arrayJoin({wallets:Array(String)})), 20))
       OR counterparty IN (SELECT toFixedString(unhex(arrayJoin({wallets:Array(String)})), 20))`,
    { names: { table, fills: FILLS_LIVE }, params: { wallets } },
  );
  return Number((await describeTable(target, table))?.rows ?? 0);
}
