/** The gates that ask the table itself, in the order that keeps source and ClickHouse busy at the same time. */

import { sweepScratch, type Work } from '../../../clickhouse/heavy.js';
import type { Finding } from '../../../core/finding.js';
import { contentOf } from '../../../publish/content.js';
import { formatCount, formatDuration } from '../../../report/format.js';
import type { Checkpoint } from '../../../run/checkpoint.js';
import type { RunFolder } from '../../../run/run-folder.js';
import { compareCounts } from './compare-counts.js';
import {
  buildTokenMap,
  type Coverage,
  explainResiduals,
  findUnbalanced,
  readCoverage,
  readResiduals,
  type Scratch,
  withScratch,
} from './conservation.js';
import { conservationGate, mapGate, withoutMapGates } from './conservation-gates.js';
import type { CountSource } from './count-source.js';
import { countsGate } from './counts-gate.js';
import { recordGaps } from './known-gaps.js';
import { NONE_REJECTED, readRejected } from './rejected.js';
import { collapse, rangeGate, uniqueGate } from './rows-gates.js';

const RESIDUALS_TABLE = 'conservation_residuals';

export interface TableToJudge {
  readonly fills: string;
  readonly folder: RunFolder;
  readonly checkpoint: Checkpoint;
  /** Opened only when a token differs from the source's count, or has none; absent: such a token fails. */
  readonly openSource?: (() => Promise<CountSource>) | undefined;
  readonly acceptRejected: number;
}

export interface Judged {
  /** What was judged: a table that has another content is another one. */
  readonly content: { readonly rows: number; readonly checksum: string };
  readonly gates: readonly Finding[];
}

/** Throws FailureError when the target fails. */
export async function judgeTable(work: Work, table: TableToJudge): Promise<Judged> {
  await sweepScratch(work);
  return withScratch(work, (scratch) => judge(work, table, scratch));
}

async function judge(
  work: Work,
  { fills, folder, checkpoint, openSource, acceptRejected }: TableToJudge,
  scratch: Scratch,
): Promise<Judged> {
  const run = folder.id;
  const steps = new Steps(work);
  const rows = await steps.time('collapse', () => collapse(work, fills));
  // First: a table that is changed after it makes the verdict void.
  const content = await steps.time('checksum', () => contentOf(work, fills));
  const rejected = acceptRejected > 0 ? readRejected(folder.rejectedPath) : NONE_REJECTED;
  const found = await steps.time('counts', () => compareCounts(work, { fills, run, uncounted: checkpoint.uncounted }));
  const mapped = await mapKnown(work);
  // The one waits for the source while the other keeps ClickHouse busy.
  const [counts, ofRows] = await bothEnd(
    steps.time('source', () => countsGate(work, found, { run, pinned: checkpoint.pinned, rejected, openSource })),
    (async () => {
      const range = await steps.time('range', () => rangeGate(work, fills, rows));
      const unique = await steps.time('unique', () => uniqueGate(work, fills, rows));
      if (!mapped) return { range, unique, coverage: null };
      await steps.time('conservation', async () => {
        await buildTokenMap(work, scratch.map);
        await findUnbalanced(work, { fills, ...scratch });
      });
      const coverage = await steps.time('coverage', () => readCoverage(work, { fills, map: scratch.map }));
      return { range, unique, coverage };
    })(),
  );
  const gaps = { short: counts.short, uncounted: checkpoint.uncounted, rejected: rejected.transactions };
  await recordGaps(work, run, gaps);
  const ofTransactions =
    ofRows.coverage === null
      ? withoutMapGates()
      : await steps.time('residuals', () => residualGates(work, scratch, run, ofRows.coverage));
  return { content, gates: [ofRows.range, ...counts.gates, ofRows.unique, ...ofTransactions] };
}

/** What explains a residual must be recorded before. */
async function residualGates(work: Work, scratch: Scratch, run: string, coverage: Coverage): Promise<Finding[]> {
  const tables = { ...scratch, residuals: RESIDUALS_TABLE };
  await explainResiduals(work, tables, run);
  return [conservationGate(coverage, await readResiduals(work, tables, run)), mapGate(coverage)];
}

/** Whether anything is known of what tokens belong together. */
async function mapKnown(work: Work): Promise<boolean> {
  const [known] = await work.target.query<{ n: string }>(
    'SELECT count() AS n FROM outcome_tokens WHERE condition_id IS NOT NULL',
  );
  return Number(known?.n ?? 0) > 0;
}

/** Both results once both have ended: a failure of one leaves nothing of the other behind. */
async function bothEnd<A, B>(a: Promise<A>, b: Promise<B>): Promise<[A, B]> {
  await Promise.allSettled([a, b]);
  return [await a, await b];
}

/** Says how long each step took: the operator of a large table wants to see it move. */
class Steps {
  constructor(private readonly work: Work) {}

  async time<T>(what: string, step: () => Promise<T>): Promise<T> {
    const from = Date.now();
    this.work.signal?.throwIfAborted();
    const result = await step();
    const rows = typeof result === 'number' ? `, ${formatCount(result)} rows` : '';
    this.work.log.info(
      { step: what, ms: Date.now() - from },
      `verify: ${what} ${formatDuration(Date.now() - from)}${rows}`,
    );
    return result;
  }
}
