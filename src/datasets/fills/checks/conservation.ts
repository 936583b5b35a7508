/** Which transactions conserve neither money nor shares, and why. */
import { randomUUID } from 'node:crypto';
import {
  dropScratch,
  longQueryFile,
  only,
  queryFile,
  runFile,
  sliceCount,
  type Work,
} from '../../../clickhouse/heavy.js';
import { type RawFigures, WORST } from '../../../core/finding.js';
import { EXCHANGES } from './contracts.js';
import { ensureGapTables } from './known-gaps.js';

/** Grouped by the hash of the transaction: measured 34 bytes a row. Of suspects what exceeds a quarter of the memory goes to disk. */
const SUSPECT_BYTES_PER_ROW = 40;

export interface ResidualClass {
  readonly explanation: string;
  readonly transactions: number;
  readonly micros: bigint;
  /** Σ cash + Σ shares of the first outcome. */
  readonly residual: bigint;
}

/** All fills, and those whose condition or complement is unknown: these are not checked. */
export interface Coverage {
  readonly rows: number;
  readonly micros: bigint;
  readonly unmapped: { readonly tokens: number; readonly rows: number; readonly micros: bigint };
}

export interface Residuals {
  readonly classes: readonly ResidualClass[];
  readonly unexplained: readonly RawFigures[];
  /** Conditions in which source-short tokens would have to excuse more transactions than fills are missing. */
  readonly shortExcess: readonly RawFigures[];
}

/** Scratch tables of one check: the token map, the tokens of conditions that may not balance, the transactions that do not. */
export interface Scratch {
  readonly map: string;
  readonly flagged: string;
  readonly unbalanced: string;
}

/** Runs a check with scratch tables of its own, which are gone when it ends. */
export async function withScratch<T>(work: Work, check: (scratch: Scratch) => Promise<T>): Promise<T> {
  const id = randomUUID().slice(0, 8);
  const scratch = {
    map: `check_tokens_${id}`,
    flagged: `check_flagged_${id}`,
    unbalanced: `check_unbalanced_${id}`,
  };
  try {
    return await check(scratch);
  } finally {
    await dropScratch(work, Object.values(scratch));
  }
}

export async function buildTokenMap(work: Work, map: string): Promise<void> {
  await runFile(work, 'verify/create-token-map', { names: { map } });
  await runFile(work, 'verify/token-map', { names: { map } });
}

/**
 * Collects the transactions that do not conserve, from the fills alone: one pass over all of them names the conditions that may
 * hold such a transaction, and only their fills are grouped by transaction.
 */
export async function findUnbalanced(
  work: Work,
  { fills, map, flagged, unbalanced }: Scratch & { readonly fills: string },
): Promise<void> {
  await runFile(work, 'verify/sketch', { names: { fills, map, flagged } });
  await runFile(work, 'verify/create-unbalanced', { names: { unbalanced } });
  const [counted] = await work.target.query<{ rows: string }>('SELECT sum(fills) AS rows FROM {flagged:Identifier}', {
    names: { flagged },
  });
  const rows = Number(counted?.rows ?? 0);
  if (rows === 0) return;
  const slices = sliceCount(rows, SUSPECT_BYTES_PER_ROW, work.maxMemoryMb);
  for (let slice = 0; slice < slices; slice++) {
    await runFile(work, 'verify/unbalanced', {
      names: { fills, flagged, unbalanced },
      params: { exchanges: EXCHANGES, slices, slice },
    });
    if (slices > 1) work.log.debug(`conservation by transaction: slice ${slice + 1} of ${slices}`);
  }
}

/**
 * Writes what `findUnbalanced` found into `residuals`, each with its explanation.
 * @param run whose `source_short`, `uncounted_tokens` and `rejected_fills` count as known
 */
export async function explainResiduals(
  work: Work,
  { flagged, unbalanced, residuals }: Pick<Scratch, 'flagged' | 'unbalanced'> & { readonly residuals: string },
  run: string,
): Promise<void> {
  await ensureGapTables(work);
  await runFile(work, 'verify/create-residuals', { names: { residuals } });
  await runFile(work, 'verify/residuals', { names: { flagged, unbalanced, residuals }, params: { run } });
}

export async function readCoverage(work: Work, names: { fills: string; map: string }): Promise<Coverage> {
  const volume = only(
    await longQueryFile<
      Record<'total_rows' | 'total_micros' | 'unmapped_tokens' | 'unmapped_rows' | 'unmapped_micros', string>
    >(work, 'verify/unmapped', { names }),
    names.fills,
  );
  return {
    rows: Number(volume.total_rows),
    micros: BigInt(volume.total_micros),
    unmapped: {
      tokens: Number(volume.unmapped_tokens),
      rows: Number(volume.unmapped_rows),
      micros: BigInt(volume.unmapped_micros),
    },
  };
}

export async function readResiduals(
  work: Work,
  { map, residuals }: { map: string; residuals: string },
  run: string,
): Promise<Residuals> {
  const classes = await queryFile<{ explanation: string; transactions: string; micros: string; residual: string }>(
    work,
    'verify/residuals-by-explanation',
    { names: { residuals } },
  );
  const unexplained = await queryFile<
    Record<'transaction' | 'condition' | 'fills' | 'cash_micros' | 'share_micros', string>
  >(work, 'verify/residuals-unexplained', { names: { residuals }, params: { limit: WORST } });
  const excess = await queryFile<{ condition: string; excused: string; missing: string }>(work, 'verify/short-excess', {
    names: { residuals, map },
    params: { run, limit: WORST },
  });
  return {
    classes: classes.map((row) => ({
      explanation: row.explanation,
      transactions: Number(row.transactions),
      micros: BigInt(row.micros),
      residual: BigInt(row.residual),
    })),
    unexplained: unexplained.map((row) => ({
      transaction: row.transaction,
      condition: row.condition,
      fills: Number(row.fills),
      cashMicros: BigInt(row.cash_micros),
      // By outcome.
      shareMicros: row.share_micros,
    })),
    shortExcess: excess.map((row) => ({
      condition: row.condition,
      excused: Number(row.excused),
      missing: Number(row.missing),
    })),
  };
}
