import PQueue from 'p-queue';
import type { Context } from '../../../cli/context.js';
import type { OpenedTarget } from '../../../clickhouse/open.js';
import { createFillsTable } from '../../../clickhouse/schema.js';
import { FILLS_COLUMN_NAMES } from '../../../clickhouse/tables.js';
import { FailureError } from '../../../core/failure.js';
import { type ChunkTools, runChunk } from '../../../engine/attempt.js';
import { FillBatch, TokenCache } from '../fill-batch.js';
import { encodeFillAt } from '../fill-encoder.js';
import type { Plan } from '../plan/chunk.js';
import type { Segment } from '../plan/segment.js';
import { initialSegments } from '../plan/segments.js';
import type { SourceLink } from '../source-link.js';
import { SamplingSource } from './sampling-source.js';

/** A distribution by its middle and its slow end. */
export interface Spread {
  readonly median: number;
  readonly p95: number;
}

/** What sample chunks of one kind cost. */
export interface KindProfile {
  readonly chunks: number;
  readonly requests: number;
  readonly rows: number;
  /** From sending a request to the last byte of its answer. */
  readonly requestMs: Spread;
  /** Answers to checked rows, µs a row, by request. */
  readonly decodeMicros: Spread;
  /** Checked rows to RowBinary, µs a row, by page. */
  readonly encodeMicros: Spread;
  readonly insertMs: Spread;
}

export interface SampleProfile {
  readonly small: KindProfile | null;
  readonly large: KindProfile | null;
  /** CPU of the tool, everything included, µs a row. */
  readonly cpuMicrosPerRow: number;
  /** Of the time of all samples. */
  readonly shares: { readonly source: number; readonly target: number; readonly cpu: number };
}

const SCRATCH_TABLE = 'clob_fills_profile';
const SAMPLES_OF_A_KIND = 6;
/** Requests of a sample at most: a slice of a large token would take minutes at a slow source. */
const REQUESTS_OF_A_SAMPLE = 6;
const CONCURRENCY = 4;

/** Loads sample chunks into a scratch table, which is dropped afterwards. Throws FailureError. */
export async function profileSamples(
  ctx: Context,
  source: SourceLink,
  opened: OpenedTarget,
  plan: Plan,
  block: number | null,
): Promise<SampleProfile> {
  const { target } = opened;
  await createFillsTable(target, SCRATCH_TABLE, { replace: true });
  try {
    const startCpu = process.cpuUsage();
    const whole = ordinalsOf(plan, true);
    const sliced = ordinalsOf(plan, false);
    const small = await sampleKind(ctx, source, opened, plan, block, whole);
    const large = await sampleKind(ctx, source, opened, plan, block, sliced);
    const cpu = process.cpuUsage(startCpu);
    return summarize(small, large, (cpu.user + cpu.system) / 1000);
  } finally {
    await target.command('DROP TABLE IF EXISTS {table:Identifier}', { names: { table: SCRATCH_TABLE } });
  }
}

/** Spread evenly over the plan: its chunks are ordered by size. */
function ordinalsOf(plan: Plan, whole: boolean): number[] {
  const all = [...plan.chunks.keys()].filter((ordinal) => {
    const range = plan.chunks[ordinal]?.range;
    return (range?.from === null && range.to === null) === whole;
  });
  const step = Math.max(1, Math.floor(all.length / SAMPLES_OF_A_KIND));
  return all.filter((_, i) => i % step === 0).slice(0, SAMPLES_OF_A_KIND);
}

interface Measured {
  readonly chunks: number;
  rows: number;
  readonly requestMs: number[];
  readonly decode: Timed[];
  readonly encode: Timed[];
  readonly insertMs: number[];
}

/** Work on some rows at once. */
interface Timed {
  readonly ms: number;
  readonly rows: number;
}

async function sampleKind(
  ctx: Context,
  source: SourceLink,
  opened: OpenedTarget,
  plan: Plan,
  block: number | null,
  ordinals: readonly number[],
): Promise<Measured | null> {
  if (ordinals.length === 0) return null;
  const measured: Measured = { chunks: ordinals.length, rows: 0, requestMs: [], decode: [], encode: [], insertMs: [] };
  const queue = new PQueue({ concurrency: CONCURRENCY });
  try {
    await queue.addAll(
      ordinals.map((ordinal) => async () => {
        const chunk = plan.chunks[ordinal];
        if (chunk === undefined) return;
        await sample(ctx, source, opened, initialSegments(plan, chunk), plan.options.pageRows, block, measured);
      }),
    );
    return measured;
  } finally {
    // After a failure the others end before their table goes.
    queue.clear();
    await queue.onIdle();
  }
}

/** One chunk's first requests, with every stage timed. */
async function sample(
  ctx: Context,
  source: SourceLink,
  opened: OpenedTarget,
  segments: readonly Segment[],
  pageRows: number,
  block: number | null,
  measured: Measured,
): Promise<void> {
  let requests = 0;
  let encodedFromMs = 0;
  const sampling = new SamplingSource(ctx, source);
  const tokens = new TokenCache();
  const tools: ChunkTools = {
    batchRows: ctx.config.batchRows,
    fetchPage: async (lanes, page) => {
      const { pages, requestMs, decodeMs } = await sampling.fetch(lanes, page);
      requests++;
      measured.requestMs.push(requestMs);
      measured.decode.push({ ms: decodeMs, rows: sum(pages.map(({ rows }) => rows.length)) });
      return [...pages];
    },
    newBatch: () => new FillBatch(undefined, tokens),
    encode: (rows, at, batch) => {
      if (at === 0) encodedFromMs = performance.now();
      const reason = encodeFillAt(rows, at, batch as FillBatch);
      if (at === rows.length - 1) measured.encode.push({ ms: performance.now() - encodedFromMs, rows: rows.length });
      measured.rows++;
      return reason;
    },
    insert: async (bytes) => {
      const startMs = performance.now();
      await opened.target.insertRowBinary(SCRATCH_TABLE, FILLS_COLUMN_NAMES, bytes);
      measured.insertMs.push(performance.now() - startMs);
    },
    stopRequested: () => requests >= REQUESTS_OF_A_SAMPLE || ctx.stop.aborted,
    nowMs: () => performance.now(),
  };
  try {
    const { failure } = await runChunk({ ordinal: 0, segments, pageRows, block }, tools);
    ctx.stop.throwIfAborted();
    if (failure !== null && failure.code !== 'stopped') throw new FailureError(failure);
  } finally {
    await sampling.close();
  }
}

function summarize(small: Measured | null, large: Measured | null, cpuMs: number): SampleProfile {
  const kinds = [small, large].filter((kind) => kind !== null);
  const rows = sum(kinds.map((kind) => kind.rows));
  const sourceMs = sum(kinds.flatMap((kind) => kind.requestMs));
  const targetMs = sum(kinds.flatMap((kind) => kind.insertMs));
  const ownMs = sum(kinds.flatMap((kind) => [...kind.decode, ...kind.encode]).map(({ ms }) => ms));
  const all = Math.max(1, sourceMs + targetMs + ownMs);
  return {
    small: small && kindProfile(small),
    large: large && kindProfile(large),
    cpuMicrosPerRow: (cpuMs * 1000) / Math.max(1, rows),
    shares: { source: sourceMs / all, target: targetMs / all, cpu: ownMs / all },
  };
}

function kindProfile(m: Measured): KindProfile {
  return {
    chunks: m.chunks,
    requests: m.requestMs.length,
    rows: m.rows,
    requestMs: spreadOf(m.requestMs),
    decodeMicros: spreadOf(microsPerRow(m.decode)),
    encodeMicros: spreadOf(microsPerRow(m.encode)),
    insertMs: spreadOf(m.insertMs),
  };
}

function microsPerRow(timed: readonly Timed[]): number[] {
  return timed.filter(({ rows }) => rows > 0).map(({ ms, rows }) => (ms * 1000) / rows);
}

function spreadOf(values: readonly number[]): Spread {
  const sorted = [...values].sort((a, b) => a - b);
  const at = (share: number) => sorted[Math.min(sorted.length - 1, Math.floor(share * sorted.length))] ?? 0;
  return { median: at(0.5), p95: at(0.95) };
}

function sum(values: readonly number[]): number {
  return values.reduce((total, value) => total + value, 0);
}
