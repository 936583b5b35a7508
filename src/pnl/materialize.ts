import { formatCount } from '../report/format.js';
import { buildTokenMap, findResiduals } from '../verify/conservation.js';
import { longQueryFile, queryFile, runFile, sliceCount, type Work } from '../verify/heavy.js';
import type { RebuildTables } from './tables.js';

/** Both measures in one statement: measured 365 bytes a fill. */
const BYTES_PER_FILL = 400;
/** From here on a wallet's fills in a token are folded apart: every step of the longest list is paid for by each block of lists. */
const GIANT_FILLS = 64;
/** A fold's lists: measured 300 bytes a fill. */
const BYTES_PER_GIANT_FILL = 300;

/** Fills the staging tables of P&L from the fills and the token map, step by step, within the memory of each statement. */
export async function materialize(work: Work, tables: RebuildTables, run: string, rows: number): Promise<void> {
  const { log, maxMemoryMb, signal } = work;
  const { fills, map, tokens, giants, giantPnl, walletMarket, wallets } = tables;
  await buildTokenMap(work, map);
  await findResiduals(work, tables, run);
  log.info('rebuild-pnl: transactions that do not conserve are found and named');

  await runFile(work, 'pnl/create-tokens', { names: { tokens } });
  await runFile(work, 'pnl/tokens', { names: { fills, map, tokens } });

  await runFile(work, 'pnl/create-giants', { names: { giants } });
  const batchFills = Math.floor((maxMemoryMb * 1_000_000 * 0.5) / BYTES_PER_GIANT_FILL);
  await runFile(work, 'pnl/giants', {
    names: { fills, giants },
    params: { least: GIANT_FILLS, batch_fills: batchFills },
  });
  const batches = await work.target.query<{ batch: number; pairs: string; longest: string }>(
    'SELECT batch, count() AS pairs, max(fills) AS longest FROM {giants:Identifier} GROUP BY batch ORDER BY batch',
    { names: { giants } },
  );
  await runFile(work, 'pnl/create-giant-pnl', { names: { giant_pnl: giantPnl } });
  for (const { batch, pairs, longest } of batches) {
    signal?.throwIfAborted();
    log.info(
      `rebuild-pnl: folding ${formatCount(Number(pairs))} wallets with many fills in one token (up to ${formatCount(Number(longest))})`,
    );
    await runFile(work, 'pnl/giant-pnl', { names: { fills, giants, giant_pnl: giantPnl }, params: { batch } });
  }

  await runFile(work, 'pnl/create-wallet-market-pnl', { names: { table: walletMarket } });
  const slices = sliceCount(rows, BYTES_PER_FILL, maxMemoryMb);
  for (let slice = 0; slice < slices; slice++) {
    signal?.throwIfAborted();
    await runFile(work, 'pnl/wallet-market', {
      names: { fills, tokens, giant_pnl: giantPnl, table: walletMarket },
      params: { slices, slice },
    });
    log.info({ slice, slices }, `rebuild-pnl: wallets and markets, slice ${slice + 1} of ${slices}`);
  }
  await runFile(work, 'pnl/create-wallet-pnl', { names: { table: wallets } });
  await runFile(work, 'pnl/wallet', { names: { wallet_market: walletMarket, table: wallets } });
  log.info('rebuild-pnl: wallets are totalled');
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
  const [row] = await queryFile<Record<string, string>>(work, 'pnl/gate-open', {
    names: { fills: tables.fills, tokens: tables.tokens, wallet_market: tables.walletMarket },
  });
  const count = (key: string): number => Number(row?.[key] ?? 0);
  return {
    openWithLedger: count('open_with_ledger'),
    resolvedWithout: count('resolved_without'),
    resolvedFills: count('resolved_fills'),
    expectedFills: count('expected_fills'),
    unknownFills: count('unknown_fills'),
    unknownMicros: BigInt(row?.unknown_micros ?? 0),
    volumeMicros: BigInt(row?.volume_micros ?? 0),
  };
}
