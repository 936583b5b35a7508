import { randomUUID } from 'node:crypto';
import { formatCount, formatMicros } from '../report/format.js';
import { EXCHANGES } from './contracts.js';
import { failedGate, type Gate, passed, share, skipped, WORST, warned } from './gate.js';
import { dropScratch, longQueryFile, only, queryFile, runFile, sliceCount, type Work } from './heavy.js';

/** Grouped by transaction; what exceeds a quarter of the memory goes to disk, so a slice may be large. */
const RESIDUAL_BYTES_PER_ROW = 200;

export interface ResidualClass {
  readonly explanation: string;
  readonly transactions: number;
  readonly micros: bigint;
  /** Σ cash + Σ shares of the first outcome. */
  readonly residual: bigint;
}

export interface Conservation {
  readonly rows: number;
  readonly micros: bigint;
  /** Fills whose condition or complement is unknown: not checked. */
  readonly unmapped: { readonly tokens: number; readonly rows: number; readonly micros: bigint };
  readonly classes: readonly ResidualClass[];
  readonly unexplained: readonly string[];
  /** Conditions in which source-short tokens would have to excuse more transactions than fills are missing. */
  readonly shortExcess: readonly string[];
}

/** Scratch tables of one check: the token map, and the tokens of conditions that may not balance. */
export interface Scratch {
  readonly map: string;
  readonly flagged: string;
}

/** Runs a check with scratch tables of its own, which are gone when it ends. */
export async function withScratch<T>(work: Work, check: (scratch: Scratch) => Promise<T>): Promise<T> {
  const id = randomUUID().slice(0, 8);
  const scratch = { map: `check_tokens_${id}`, flagged: `check_flagged_${id}` };
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

/** Names the conditions that may hold a transaction which does not conserve, by one pass over all fills. */
export async function sketch(work: Work, { fills, map, flagged }: Scratch & { fills: string }): Promise<void> {
  await runFile(work, 'verify/sketch', { names: { fills, map, flagged } });
}

/**
 * Writes every transaction and condition that does not conserve into `residuals`, and explains it: only the fills of conditions
 * that the sketch has flagged are grouped by transaction.
 * @param run whose `source_short` and `uncounted_tokens` and `rejected_fills` count as known
 */
export async function findResiduals(
  work: Work,
  { fills, flagged, residuals }: { fills: string; flagged: string; residuals: string },
  run: string,
): Promise<void> {
  await runFile(work, 'verify/create-source-short');
  await runFile(work, 'verify/create-uncounted-tokens');
  await runFile(work, 'verify/create-rejected-fills');
  await runFile(work, 'verify/create-residuals', { names: { residuals } });
  const [counted] = await work.target.query<{ rows: string }>('SELECT sum(fills) AS rows FROM {flagged:Identifier}', {
    names: { flagged },
  });
  const rows = Number(counted?.rows ?? 0);
  if (rows === 0) return;
  const slices = sliceCount(rows, RESIDUAL_BYTES_PER_ROW, work.maxMemoryMb);
  for (let slice = 0; slice < slices; slice++) {
    await runFile(work, 'verify/residuals', {
      names: { fills, flagged, residuals },
      params: { run, exchanges: EXCHANGES, slices, slice },
    });
    if (slices > 1) work.log.debug(`conservation by transaction: slice ${slice + 1} of ${slices}`);
  }
}

export async function summarize(
  work: Work,
  tables: { fills: string; map: string; residuals: string },
  run: string,
): Promise<Conservation> {
  const { fills, map, residuals } = tables;
  const volume = only(
    await longQueryFile<
      Record<'total_rows' | 'total_micros' | 'unmapped_tokens' | 'unmapped_rows' | 'unmapped_micros', string>
    >(work, 'verify/unmapped', { names: { fills, map } }),
    fills,
  );
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
    rows: Number(volume.total_rows),
    micros: BigInt(volume.total_micros),
    unmapped: {
      tokens: Number(volume.unmapped_tokens),
      rows: Number(volume.unmapped_rows),
      micros: BigInt(volume.unmapped_micros),
    },
    classes: classes.map((row) => ({
      explanation: row.explanation,
      transactions: Number(row.transactions),
      micros: BigInt(row.micros),
      residual: BigInt(row.residual),
    })),
    unexplained: unexplained.map(
      (row) =>
        `${row.transaction} condition ${row.condition}: ${row.fills} fills, cash ${formatMicros(BigInt(row.cash_micros))}, ` +
        `shares ${row.share_micros
          .split(' ')
          .map((micros) => formatMicros(BigInt(micros)))
          .join(' / ')}`,
    ),
    shortExcess: excess.map(
      (row) =>
        `condition ${row.condition}: ${row.excused} transactions excused by ${row.missing} fills that the source lacks`,
    ),
  };
}

export function conservationGate(found: Conservation): Gate {
  const name = 'conservation';
  const mapped = found.rows - found.unmapped.rows;
  const total = found.classes.reduce((sum, c) => sum + c.transactions, 0);
  const bad = found.classes.find((c) => c.explanation === 'unexplained')?.transactions ?? 0;
  const listed = found.classes.map((c) => describeClass(c, found.micros)).join('; ');
  if (bad === 0 && found.shortExcess.length === 0) {
    return passed(
      name,
      total === 0
        ? `every transaction balances (${formatCount(mapped)} fills)`
        : `${formatCount(mapped)} fills; explained residuals: ${listed}`,
    );
  }
  return failedGate(
    name,
    bad > 0
      ? `${formatCount(bad)} transactions do not balance; ${listed}`
      : `source-short tokens excuse too much; ${listed}`,
    [...found.unexplained, ...found.shortExcess],
    'look at these transactions in the table conservation_residuals; a wrong token map shows as whole conditions ' +
      '(`backfill markets` rebuilds it), a wrong row as single transactions (`backfill fills --fresh` loads anew)',
  );
}

export function mapGate(found: Conservation): Gate {
  const name = 'tokens with a known condition';
  if (found.unmapped.rows === 0) return passed(name, 'all');
  return warned(
    name,
    `${formatCount(found.unmapped.tokens)} tokens have none: ${formatCount(found.unmapped.rows)} fills, ` +
      `${share(found.unmapped.micros, found.micros)} of the volume; conservation is not checked there`,
    [],
    'run `backfill markets` again if these markets are new; their P&L stays open',
  );
}

export function withoutMapGates(): Gate[] {
  return [skipped('conservation', 'not checked: no token map', 'run `backfill markets`, then verify again')];
}

function describeClass(c: ResidualClass, micros: bigint): string {
  return `${c.explanation} ${formatCount(c.transactions)} (${share(c.micros, micros)} of the volume)`;
}
