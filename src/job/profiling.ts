import { availableParallelism } from 'node:os';
import PQueue from 'p-queue';
import type { Context } from '../context.js';
import { type ChunkTools, runChunk } from '../load/chunk-task.js';
import type { Plan } from '../plan/chunk.js';
import type { Segment } from '../plan/segment.js';
import { initialSegments } from '../plan/segments.js';
import { SourceClient } from '../source/client.js';
import { fetchPage } from '../source/page.js';
import { FillBatch, TokenCache } from '../target/fill-batch.js';
import { encodeFillAt } from '../target/fill-encoder.js';
import type { OpenedTarget } from '../target/open.js';
import { createFillsTable } from '../target/schema.js';
import { FILLS_COLUMN_NAMES } from '../target/tables.js';
import { type SourceLink, sourceUrlOf } from './source-link.js';

/** A distribution by its middle and its slow end, milliseconds. */
export interface Spread {
  readonly median: number;
  readonly p95: number;
}

/** What sample chunks of one kind cost. */
export interface KindProfile {
  readonly chunks: number;
  readonly requests: number;
  readonly rows: number;
  readonly requestMs: Spread;
  /** Shape and page checks, µs a row. */
  readonly checkMicros: number;
  readonly encodeMicros: number;
  readonly insertMs: Spread;
  /** Time of the source for each row of a page, ms. */
  readonly sourceMsPerRow: number;
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
  chunks: number;
  rows: number;
  readonly requestMs: number[];
  readonly insertMs: number[];
  checkMs: number;
  encodeMs: number;
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
  const measured: Measured = { chunks: ordinals.length, rows: 0, requestMs: [], insertMs: [], checkMs: 0, encodeMs: 0 };
  const queue = new PQueue({ concurrency: CONCURRENCY });
  await queue.addAll(
    ordinals.map((ordinal) => async () => {
      const chunk = plan.chunks[ordinal];
      if (chunk === undefined) return;
      await sample(ctx, source, opened, initialSegments(plan, chunk), plan.options.pageRows, block, measured);
    }),
  );
  return measured;
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
  let answeredMs = 0;
  const client = new SourceClient({
    url: sourceUrlOf(ctx),
    token: ctx.config.sourceToken,
    deadlineMs: ctx.config.requestTimeout,
    connections: 1,
    onResponse: (_failure, elapsedMs) => {
      answeredMs = elapsedMs;
    },
  });
  const tokens = new TokenCache();
  const tools: ChunkTools = {
    batchRows: ctx.config.batchRows,
    fetchPage: (lanes, page) =>
      source.retry('a sample page', async () => {
        const startMs = performance.now();
        const pages = await fetchPage(client, lanes, { ...page, signal: ctx.stop });
        requests++;
        measured.requestMs.push(answeredMs);
        measured.checkMs += Math.max(0, performance.now() - startMs - answeredMs);
        return pages;
      }),
    newBatch: () => new FillBatch(undefined, tokens),
    encode: (rows, at, batch) => {
      measured.rows++;
      return encodeFillAt(rows, at, batch as FillBatch);
    },
    insert: async (bytes) => {
      const startMs = performance.now();
      await opened.target.insertRowBinary(SCRATCH_TABLE, FILLS_COLUMN_NAMES, bytes);
      measured.insertMs.push(performance.now() - startMs);
    },
    stopRequested: () => requests >= REQUESTS_OF_A_SAMPLE || ctx.stop.aborted,
    nowMs: () => performance.now(),
  };
  const outcome = await runChunk({ ordinal: 0, segments, pageRows, block }, tools);
  measured.encodeMs += outcome.spent.decodeMs;
  await client.close();
  ctx.stop.throwIfAborted();
}

function summarize(small: Measured | null, large: Measured | null, cpuMs: number): SampleProfile {
  const kinds = [small, large].filter((kind) => kind !== null);
  const rows = sum(kinds.map((kind) => kind.rows));
  const sourceMs = sum(kinds.flatMap((kind) => kind.requestMs));
  const targetMs = sum(kinds.flatMap((kind) => kind.insertMs));
  const ownMs = sum(kinds.map((kind) => kind.checkMs + kind.encodeMs));
  const all = Math.max(1, sourceMs + targetMs + ownMs);
  return {
    small: small && kindProfile(small),
    large: large && kindProfile(large),
    cpuMicrosPerRow: (cpuMs * 1000) / Math.max(1, rows),
    shares: { source: sourceMs / all, target: targetMs / all, cpu: ownMs / all },
  };
}

function kindProfile(m: Measured): KindProfile {
  const rows = Math.max(1, m.rows);
  return {
    chunks: m.chunks,
    requests: m.requestMs.length,
    rows: m.rows,
    requestMs: spreadOf(m.requestMs),
    checkMicros: (m.checkMs * 1000) / rows,
    encodeMicros: (m.encodeMs * 1000) / rows,
    insertMs: spreadOf(m.insertMs),
    sourceMsPerRow: sum(m.requestMs) / rows,
  };
}

export function spreadOf(values: readonly number[]): Spread {
  const sorted = [...values].sort((a, b) => a - b);
  const at = (share: number) => sorted[Math.min(sorted.length - 1, Math.floor(share * sorted.length))] ?? 0;
  return { median: at(0.5), p95: at(0.95) };
}

function sum(values: readonly number[]): number {
  return values.reduce((total, value) => total + value, 0);
}

/** How long each stage alone would take for the whole plan; the longest is what bounds the run. */
export interface Projection {
  readonly limitMs: number;
  readonly sourceMs: number;
  readonly targetMs: number;
  readonly cpuMs: number;
  readonly etaMs: number;
  readonly bound: 'rate limit' | 'source' | 'target' | 'CPU';
  readonly settings: { readonly workers: number; readonly rps: number; readonly pageRows: number };
}

/** Inserts that ClickHouse takes on at once before they only queue up. */
const INSERTS_AT_ONCE = 32;
/** A page this slow is near the source's own time-outs. */
const SLOW_PAGE_MS = 10_000;

export function project(
  profile: SampleProfile,
  plan: { readonly rows: number; readonly requests: number },
  config: { readonly rps: number; readonly workers: number; readonly batchRows: number; readonly pageRows: number },
): Projection {
  const kinds = [profile.small, profile.large].filter((kind) => kind !== null);
  const requestMs = Math.max(...kinds.map((kind) => kind.requestMs.median), 1);
  const slowMs = Math.max(...kinds.map((kind) => kind.requestMs.p95), 1);
  const insertMs = Math.max(...kinds.map((kind) => kind.insertMs.median), 0);
  const stages = {
    'rate limit': (plan.requests / config.rps) * 1000,
    source: (plan.requests * requestMs) / config.workers,
    target: ((plan.rows / config.batchRows) * insertMs) / Math.min(INSERTS_AT_ONCE, config.workers),
    CPU: (plan.rows * profile.cpuMicrosPerRow) / 1000 / availableParallelism(),
  } as const;
  const [bound, etaMs] = (Object.entries(stages) as [Projection['bound'], number][]).reduce((a, b) =>
    b[1] > a[1] ? b : a,
  );
  return {
    limitMs: stages['rate limit'],
    sourceMs: stages.source,
    targetMs: stages.target,
    cpuMs: stages.CPU,
    etaMs,
    bound,
    settings: {
      // Enough to keep the limit busy through slow pages and inserts, and no more than help.
      workers: Math.min(256, Math.max(16, Math.ceil(((config.rps * (slowMs + insertMs)) / 1000) * 1.5))),
      rps: config.rps,
      pageRows: slowMs > SLOW_PAGE_MS ? Math.max(50, Math.round(config.pageRows / 2)) : config.pageRows,
    },
  };
}
