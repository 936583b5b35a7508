import { longQueryFile, only, runFile, sliceCount, type Work } from '../../clickhouse/heavy.js';
import { formatCount } from '../../report/format.js';
import { buildTokenMap, explainResiduals, findUnbalanced } from '../fills/checks/conservation.js';
import type { RebuildTables } from './tables.js';

/** Of a pair of wallet and token, of which there may be as many as fills; measured 290 bytes, and 350 with the market beside. */
const BYTES_PER_PAIR = 300;
const BYTES_PER_PAIR_AND_MARKET = 400;
/** A fold's lists: measured 300 bytes a fill. */
const BYTES_PER_LISTED_FILL = 300;

/** Fills the staging tables of P&L from the fills and the token map, step by step, within the memory of each statement. */
export async function materialize(work: Work, tables: RebuildTables, run: string, rows: number): Promise<void> {
  const { fills, map, tokens, averageCost, walletMarket, wallets } = tables;
  await buildTokenMap(work, map);
  await findUnbalanced(work, tables);
  await explainResiduals(work, tables, run);
  work.log.info('rebuild-pnl: transactions that do not conserve are found and named');
  await runFile(work, 'pnl/create-tokens', { names: { tokens } });
  await runFile(work, 'pnl/tokens', { names: { fills, map, tokens } });

  await foldAverageCost(work, tables, rows);

  await runFile(work, 'pnl/create-wallet-market-pnl', { names: { table: walletMarket } });
  await inSlices(
    work,
    'wallets and markets',
    sliceCount(rows, BYTES_PER_PAIR_AND_MARKET, work.maxMemoryMb),
    (slices, slice) =>
      runFile(work, 'pnl/wallet-market', {
        names: { fills, tokens, average_cost: averageCost, table: walletMarket },
        params: { slices, slice },
      }),
  );
  await runFile(work, 'pnl/create-wallet-pnl', { names: { table: wallets } });
  await runFile(work, 'pnl/wallet', { names: { wallet_market: walletMarket, table: wallets } });
  work.log.info('rebuild-pnl: wallets are totalled');
}

/** Finds the pairs that have both bought and sold, and folds their fills, those with many apart from those with few. */
async function foldAverageCost(work: Work, tables: RebuildTables, rows: number): Promise<void> {
  const { fills, pairs, averageCost } = tables;
  await runFile(work, 'pnl/create-pairs', { names: { pairs } });
  await inSlices(
    work,
    'wallets that bought and sold',
    sliceCount(rows, BYTES_PER_PAIR, work.maxMemoryMb),
    (slices, slice) => runFile(work, 'pnl/pairs', { names: { fills, pairs }, params: { slices, slice } }),
  );
  const classes = await work.target.query<{ class: number; pairs: string; fills: string; longest: string }>(
    `SELECT class, count() AS pairs, sum(p.fills) AS fills, max(p.fills) AS longest
     FROM {pairs:Identifier} AS p GROUP BY class ORDER BY class`,
    { names: { pairs } },
  );
  await runFile(work, 'pnl/create-average-cost', { names: { average_cost: averageCost } });
  for (const found of classes) {
    const what = `average cost of ${formatCount(Number(found.pairs))} positions with up to ${formatCount(Number(found.longest))} fills`;
    const buckets = sliceCount(Number(found.fills), BYTES_PER_LISTED_FILL, work.maxMemoryMb);
    await inSlices(work, what, buckets, (of, bucket) =>
      runFile(work, 'pnl/average-cost', {
        names: { fills, pairs, average_cost: averageCost },
        params: { class: found.class, buckets: of, bucket },
      }),
    );
  }
}

/** One statement after the other, with a line of progress after each. */
async function inSlices(
  work: Work,
  what: string,
  slices: number,
  step: (slices: number, slice: number) => Promise<void>,
): Promise<void> {
  for (let slice = 0; slice < slices; slice++) {
    work.signal?.throwIfAborted();
    await step(slices, slice);
    work.log.info(`rebuild-pnl: ${what}${slices > 1 ? `, slice ${slice + 1} of ${slices}` : ''}`);
  }
}

export interface Totals {
  readonly source: string;
  readonly fills: bigint;
  readonly wallets: bigint;
  readonly volume: bigint;
  readonly cash: bigint;
  readonly feeUsdc: bigint;
  readonly feeShares: bigint;
  readonly ledger: bigint;
  readonly averageCost: bigint;
}

export async function readTotals(work: Work, tables: RebuildTables): Promise<Totals[]> {
  const rows = await longQueryFile<Record<string, string>>(work, 'pnl/gate-totals', {
    names: { fills: tables.fills, wallet_market: tables.walletMarket, wallets: tables.wallets },
  });
  return rows.map((row) => ({
    source: row.source ?? '',
    fills: BigInt(row.fills ?? 0),
    wallets: BigInt(row.wallets ?? 0),
    volume: BigInt(row.volume ?? 0),
    cash: BigInt(row.cash ?? 0),
    feeUsdc: BigInt(row.fee_usdc ?? 0),
    feeShares: BigInt(row.fee_shares ?? 0),
    ledger: BigInt(row.ledger ?? 0),
    averageCost: BigInt(row.average_cost ?? 0),
  }));
}

export interface ConditionSum {
  readonly condition: string;
  readonly gross: bigint;
  readonly explained: bigint;
  readonly ledgerGap: bigint;
  readonly allowedGap: bigint;
  readonly denominator: bigint;
  readonly wrong: boolean;
}

export interface ZeroSum {
  readonly conditions: number;
  readonly wrongConditions: number;
  readonly grossMicros: bigint;
  readonly explainedMicros: bigint;
  /** The worst, wrong ones first. */
  readonly worst: readonly ConditionSum[];
}

export async function readZeroSum(work: Work, tables: RebuildTables, limit: number): Promise<ZeroSum> {
  const rows = await longQueryFile<Record<string, string | boolean>>(work, 'pnl/gate-zero-sum', {
    names: { wallet_market: tables.walletMarket, tokens: tables.tokens, residuals: tables.residuals },
    params: { limit },
  });
  const big = (row: Record<string, string | boolean> | undefined, key: string): bigint =>
    BigInt(String(row?.[key] ?? '0'));
  const [first] = rows;
  return {
    conditions: Number(big(first, 'conditions')),
    wrongConditions: Number(big(first, 'wrong_conditions')),
    grossMicros: big(first, 'gross_micros'),
    explainedMicros: big(first, 'explained_micros'),
    worst: rows.map((row) => ({
      condition: String(row.condition),
      gross: big(row, 'gross'),
      explained: big(row, 'explained'),
      ledgerGap: big(row, 'ledger_gap'),
      allowedGap: big(row, 'allowed_gap'),
      denominator: big(row, 'denominator'),
      wrong: Number(row.wrong) === 1,
    })),
  };
}

export interface OpenCheck {
  readonly openWithLedger: number;
  readonly resolvedWithout: number;
  readonly resolvedFills: number;
  readonly expectedFills: number;
  readonly unknownFills: number;
  readonly unknownMicros: bigint;
  readonly volumeMicros: bigint;
}

export async function readOpenCheck(work: Work, tables: RebuildTables): Promise<OpenCheck> {
  const row = only(
    await longQueryFile<Record<string, string>>(work, 'pnl/gate-open', {
      names: { fills: tables.fills, tokens: tables.tokens, wallet_market: tables.walletMarket },
    }),
    tables.walletMarket,
  );
  const count = (key: string): number => Number(row[key]);
  return {
    openWithLedger: count('open_with_ledger'),
    resolvedWithout: count('resolved_without'),
    resolvedFills: count('resolved_fills'),
    expectedFills: count('expected_fills'),
    unknownFills: count('unknown_fills'),
    unknownMicros: BigInt(row.unknown_micros as string),
    volumeMicros: BigInt(row.volume_micros as string),
  };
}
