import { formatCount, formatDuration } from '../report/format.js';
import type { FoundRun } from '../run/run-folder.js';
import { microsToDecimal } from '../target/sql.js';
import { stagingOwner } from '../target/staging.js';
import { FILLS_LIVE, FILLS_STAGING } from '../target/tables.js';
import { completeGates } from './complete-gate.js';
import { conservation, conservationGate, mapGate, SHORT_TABLE, withoutMapGates } from './conservation.js';
import type { CountSource } from './count-source.js';
import { compareCounts, countsGate, type SourceShort } from './counts-gate.js';
import { failedGate, type Gate } from './gate.js';
import { runFile, sweepScratch, type Work } from './heavy.js';
import { NONE_REJECTED, readRejected } from './rejected.js';
import { checksum, collapse, rangeGate, uniqueGate } from './rows-gates.js';
import type { Verdict } from './verdict.js';

export const RESIDUALS_TABLE = 'conservation_residuals';

export interface VerifyOptions {
  readonly found: FoundRun;
  /** Opened only when a token differs from the source's count; absent: such a token fails. */
  readonly openSource?: (() => Promise<CountSource>) | undefined;
  readonly acceptRejected: number;
  readonly now?: () => Date;
  /** The table to judge. */
  readonly fills?: string;
}

/**
 * Judges the run's staging table, or live once it is the run's, and stores the verdict in its folder, together with the checksum of what was judged, so that a
 * later change of the table makes it void. The caller holds the run's lock. Throws FailureError when the target fails.
 */
export async function verifyRun(work: Work, options: VerifyOptions): Promise<Verdict> {
  const { found: run, acceptRejected } = options;
  const { folder } = run;
  const fills = options.fills ?? (await tableOf(work, folder.id));
  const checkpoint = folder.readCheckpoint() ?? run.checkpoint;
  const now = options.now ?? (() => new Date());
  const gates: Gate[] = completeGates(checkpoint, acceptRejected);
  const state = await stagingOwner(work.target, fills);
  let content = { rows: 0, checksum: '0' };
  if (state === undefined || state.owner !== folder.id) {
    gates.push(noTable(fills, folder.id, state?.owner));
  } else {
    await sweepScratch(work);
    const steps = new Steps(work);
    const rows = await steps.time('collapse', () => collapse(work, fills));
    // First: a table that is changed after it makes the verdict void.
    content = await steps.time('checksum', () => checksum(work, fills));
    const rejected = acceptRejected > 0 ? readRejected(folder.rejectedPath) : NONE_REJECTED;
    const { uncounted } = folder.readPlan();
    const found = await steps.time('counts', () => compareCounts(work, { fills, run: folder.id, uncounted }));
    // The one waits for the source while the other keeps ClickHouse busy.
    const [counts, ofRows] = await bothEnd(
      steps.time('source', () =>
        countsGate(work, found, {
          run: folder.id,
          pinned: checkpoint.pinned,
          rejected,
          openSource: options.openSource,
        }),
      ),
      gatesOfRows(work, steps, fills, rows),
    );
    gates.push(ofRows.range, ...counts.gates, ofRows.unique);
    await recordShort(work, folder.id, counts.short);
    await recordRejected(work, folder.id, rejected.transactions);
    gates.push(...(await steps.time('conservation', () => conservationGates(work, fills, folder.id))));
  }
  const verdict: Verdict = {
    version: 1,
    run: folder.id,
    at: now().toISOString(),
    passed: gates.every((gate) => gate.status !== 'failed'),
    uuid: state?.uuid ?? '',
    rows: content.rows,
    checksum: content.checksum,
    block: checkpoint.block,
    pinned: checkpoint.pinned,
    rejected: checkpoint.rejected,
    acceptRejected,
    gates: gates.map((gate) => ({ ...gate, offenders: [...gate.offenders] })),
  };
  folder.writeJson(folder.verdictPath, verdict);
  return verdict;
}

async function gatesOfRows(
  work: Work,
  steps: Steps,
  fills: string,
  rows: number,
): Promise<{ range: Gate; unique: Gate }> {
  const range = await steps.time('range', () => rangeGate(work, fills, rows));
  return { range, unique: await steps.time('unique', () => uniqueGate(work, fills, rows)) };
}

/** A run that went live is judged where it is now. */
async function tableOf(work: Work, run: string): Promise<string> {
  const staging = await stagingOwner(work.target, FILLS_STAGING);
  if (staging?.owner === run) return FILLS_STAGING;
  const live = await stagingOwner(work.target, FILLS_LIVE);
  return live?.owner === run ? FILLS_LIVE : FILLS_STAGING;
}

async function conservationGates(work: Work, fills: string, run: string): Promise<Gate[]> {
  const [known] = await work.target.query<{ n: string }>(
    'SELECT count() AS n FROM outcome_tokens WHERE condition_id IS NOT NULL',
  );
  if (Number(known?.n ?? 0) === 0) return withoutMapGates();
  const found = await conservation(work, fills, RESIDUALS_TABLE, run);
  return [conservationGate(found), mapGate(found)];
}

async function recordShort(work: Work, run: string, short: readonly SourceShort[]): Promise<void> {
  await runFile(work, 'verify/create-source-short');
  await work.target.command('DELETE FROM {short:Identifier} WHERE run = {run:String}', {
    names: { short: SHORT_TABLE },
    params: { run },
  });
  await work.target.insertRows(
    SHORT_TABLE,
    short.map((s) => ({
      run,
      token_id: s.token,
      side: s.side === 'buy' ? 'BUY' : 'SELL',
      counted_rows: s.countedRows,
      served_rows: s.servedRows,
      counted_usdc: microsToDecimal(s.countedMicros),
      served_usdc: microsToDecimal(s.servedMicros),
    })),
  );
}

async function recordRejected(work: Work, run: string, transactions: readonly string[]): Promise<void> {
  await runFile(work, 'verify/create-rejected-fills');
  await work.target.command('DELETE FROM rejected_fills WHERE run = {run:String}', { params: { run } });
  if (transactions.length === 0) return;
  await work.target.command(
    'INSERT INTO rejected_fills (run, tx_hash) SELECT {run:String}, unhex(arrayJoin({transactions:Array(String)}))',
    { params: { run, transactions } },
  );
}

function noTable(fills: string, run: string, owner: string | undefined): Gate {
  return failedGate(
    'staging belongs to the run',
    owner === undefined
      ? `there is no table ${fills} of the run ${run}`
      : `${fills} belongs to the run ${owner}, not to ${run}`,
    [],
    owner === undefined
      ? 'run `backfill fills`'
      : `verify that run with --run ${owner}, or load this one with \`backfill fills --fresh\``,
  );
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
