import PQueue from 'p-queue';
import { createFillsTable } from '../../../clickhouse/schema.js';
import type { Target } from '../../../clickhouse/target.js';
import { FailureError } from '../../../core/failure.js';
import { runAttempt } from '../../../engine/attempt.js';
import { LiveCounters } from '../../../engine/live-counters.js';
import type { Part, Reader } from '../../../engine/ports.js';
import type { StepContext } from '../../../report/step.js';
import type { SourceLink } from '../../../sources/subgraph/link.js';
import type { FillBatch } from '../fill-batch.js';
import type { Plan } from '../plan/chunk.js';
import type { Segment } from '../plan/segment.js';
import { initialSegments } from '../plan/segments.js';
import { fillsSink } from '../sink.js';
import { subgraphReader } from '../subgraph/reader.js';
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

/** What is sampled, and where to. */
export interface SampleInput {
  readonly step: StepContext;
  readonly source: SourceLink;
  readonly target: Target;
  readonly plan: Plan;
  readonly block: number | null;
  readonly batchRows: number;
}

/** What the projection needs to know of how a load would go. */
export interface ProfileSettings {
  readonly rps: number;
  readonly workers: number;
  readonly batchRows: number;
  readonly pageRows: number;
}

const SCRATCH_TABLE = 'clob_fills_profile';
const SAMPLES_OF_A_KIND = 6;
/** Requests of a sample at most: a slice of a large token would take minutes at a slow source. */
const REQUESTS_OF_A_SAMPLE = 6;
const CONCURRENCY = 4;

/** Loads sample chunks into a scratch table, which is dropped afterwards. Throws FailureError. */
export async function profileSamples(input: SampleInput): Promise<SampleProfile> {
  const { plan, target } = input;
  await createFillsTable(target, SCRATCH_TABLE, { replace: true });
  try {
    const startCpu = process.cpuUsage();
    const whole = ordinalsOf(plan, true);
    const sliced = ordinalsOf(plan, false);
    const small = await sampleKind(input, whole);
    const large = await sampleKind(input, sliced);
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

async function sampleKind(input: SampleInput, ordinals: readonly number[]): Promise<Measured | null> {
  if (ordinals.length === 0) return null;
  const measured: Measured = { chunks: ordinals.length, rows: 0, requestMs: [], decode: [], encode: [], insertMs: [] };
  const queue = new PQueue({ concurrency: CONCURRENCY });
  try {
    await queue.addAll(
      ordinals.map((ordinal) => async () => {
        const chunk = input.plan.chunks[ordinal];
        if (chunk !== undefined) await sample(input, initialSegments(input.plan, chunk), measured);
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
  { step, source, target, plan, block, batchRows }: SampleInput,
  segments: readonly Segment[],
  measured: Measured,
): Promise<void> {
  let requests = 0;
  const enough = new AbortController();
  const sampling = new SamplingSource(source, step.stop);
  const reader = subgraphReader(sampling, { acquire: () => Promise.resolve() }, async (lanes, page) => {
    const { pages, requestMs, decodeMs } = await sampling.fetch(lanes, page);
    if (++requests === REQUESTS_OF_A_SAMPLE) enough.abort();
    measured.requestMs.push(requestMs);
    measured.decode.push({ ms: decodeMs, rows: sum(pages.map(({ rows }) => rows.length)) });
    return pages;
  });
  const sink = fillsSink(target, SCRATCH_TABLE, batchRows);
  const timedSink = {
    ...sink,
    insert: async (batch: FillBatch) => {
      const startMs = performance.now();
      await sink.insert(batch);
      measured.insertMs.push(performance.now() - startMs);
    },
  };
  try {
    const { failure } = await runAttempt(
      { ordinal: 0, rest: segments, size: plan.options.pageRows, pin: block },
      timedAppends(reader, measured),
      timedSink,
      {
        stop: AbortSignal.any([enough.signal, step.stop]),
        nowMs: () => performance.now(),
        counters: new LiveCounters(),
      },
    );
    step.stop.throwIfAborted();
    if (failure !== null && failure.code !== 'stopped') throw new FailureError(failure);
  } finally {
    await sampling.close();
  }
}

/** The reader, with the time that each of its parts takes to be encoded. */
function timedAppends(
  reader: Reader<FillBatch, readonly Segment[]>,
  measured: Measured,
): Reader<FillBatch, readonly Segment[]> {
  const timed = (part: Part<FillBatch, readonly Segment[]>): typeof part => ({
    ...part,
    append(batch) {
      const startMs = performance.now();
      const rejected = part.append(batch);
      if (part.rows > 0) measured.encode.push({ ms: performance.now() - startMs, rows: part.rows });
      measured.rows += part.rows;
      return rejected;
    },
  });
  return {
    ...reader,
    async *read(rest, ask) {
      for await (const part of reader.read(rest, ask)) yield timed(part);
    },
  };
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
