/** Each stage of the hot path alone, in this process: what a row costs and what the sink can take. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import PQueue from 'p-queue';
import { request } from 'undici';
import { createFillsTable } from '../../src/clickhouse/schema.js';
import { FILLS_COLUMN_NAMES } from '../../src/clickhouse/tables.js';
import { FILL_BYTES, FillBatch, TokenCache } from '../../src/datasets/fills/fill-batch.js';
import { encodeFill, encodeFillAt } from '../../src/datasets/fills/fill-encoder.js';
import type { TokenCount } from '../../src/datasets/fills/plan/chunk.js';
import { makePlan } from '../../src/datasets/fills/plan/plan.js';
import { fetchPage, readLane } from '../../src/datasets/fills/subgraph/page.js';
import { parsePlainPage } from '../../src/datasets/fills/subgraph/plain-page.js';
import { formatCount } from '../../src/report/format.js';
import { writeDurably } from '../../src/run/durable-file.js';
import { WRITE_EVERY_MARKETS } from '../../src/run/keeper.js';
import { SourceClient } from '../../src/sources/subgraph/client.js';
import type { Machine } from './machine.js';

export interface Stage {
  readonly stage: string;
  readonly figure: string;
  readonly value: number;
  readonly unit: string;
}

const PLAN_OPTIONS = {
  partition: 'markets',
  sliceBy: 'id',
  pageRows: 1000,
  chunkPages: 10,
  maxPackTokens: 200,
} as const;
const TOKENS_PER_MARKET = 2;
/** Enough that the median is of compiled code. */
const REPEATS = 301;

/** `sinkRows`: how many rows the sink and raw ClickHouse each take. */
export async function measureStages(
  machine: Machine,
  counts: readonly TokenCount[],
  sinkRows: number,
): Promise<Stage[]> {
  const rows = counts.reduce((sum, count) => sum + count.buys + count.sells, 0);
  const planMs = median(await times(3, () => void makePlan(counts, PLAN_OPTIONS)));
  const { text, lane, pageRows } = await onePage(machine, counts);
  const jsonParseMs = median(await times(REPEATS, () => void JSON.parse(text)));
  const body = Buffer.from(text);
  const parseMs = median(await times(REPEATS, () => void parsePlainPage(body)));
  const value = parsePlainPage(body)?.data.laneA;
  const checkMs = median(await times(REPEATS, () => void readLane(lane, value, 1000)));
  const page = readLane(lane, value, 1000);
  const tokens = new TokenCache();
  const encodeMs = median(
    await times(REPEATS, () => {
      const batch = new FillBatch(undefined, tokens);
      for (let at = 0; at < page.rows.length; at++) encodeFillAt(page.rows, at, batch);
    }),
  );
  const sink = await measureSink(machine, sinkRows);
  const dir = mkdtempSync(join(tmpdir(), 'backfill-bench-'));
  const done = Array.from({ length: 2000 }, (_, i) => [i * 2, i * 2 + 1]);
  const checkpointMs = median(
    await times(20, () => writeDurably(join(dir, 'checkpoint.json'), JSON.stringify({ done }))),
  );
  rmSync(dir, { recursive: true, force: true });
  return [
    {
      stage: 'plan',
      figure: `${formatCount(counts.length)} tokens, ${formatCount(rows)} rows: ${planMs.toFixed(1)} ms`,
      value: (planMs * 1000) / rows,
      unit: 'µs a row',
    },
    { stage: 'decode', figure: 'places in the bytes of a page', value: (parseMs * 1000) / pageRows, unit: 'µs a row' },
    {
      stage: '(JSON.parse)',
      figure: 'of the same page, instead',
      value: (jsonParseMs * 1000) / pageRows,
      unit: 'µs a row',
    },
    { stage: 'check', figure: 'shape, order, filter', value: (checkMs * 1000) / pageRows, unit: 'µs a row' },
    { stage: 'encode', figure: 'bytes to RowBinary', value: (encodeMs * 1000) / pageRows, unit: 'µs a row' },
    { stage: 'sink', figure: '5,000-row batches, 32 at once', value: sink.rowsPerS, unit: 'rows/s' },
    {
      stage: 'raw ClickHouse',
      figure: 'the same bytes, 100,000 rows an insert, no client',
      value: sink.rawRowsPerS,
      unit: 'rows/s',
    },
    {
      stage: 'checkpoint',
      figure: `2,000 gaps, both fsyncs: ${checkpointMs.toFixed(1)} ms, each ${WRITE_EVERY_MARKETS} markets`,
      value: (checkpointMs * 1000) / ((rows / counts.length) * TOKENS_PER_MARKET * WRITE_EVERY_MARKETS),
      unit: 'µs a row',
    },
  ];
}

async function onePage(machine: Machine, counts: readonly TokenCount[]) {
  const largest = counts.reduce((a, b) => (b.buys > a.buys ? b : a));
  const segment = {
    side: 'buy' as const,
    tokens: [largest.token],
    range: { axis: 'id' as const, from: null, to: null },
    cursor: null,
    expected: largest.buys,
  };
  const client = new SourceClient({
    url: machine.source.url,
    deadlineMs: 60_000,
    connections: 1,
    parsePlain: parsePlainPage,
  });
  const [page] = await fetchPage(client, [segment], { block: null, pageRows: 1000 });
  await client.close();
  const rows = page?.rows.rows() ?? [];
  const text = JSON.stringify({ data: { laneA: rows } });
  return { text, pageRows: rows.length, lane: { segment, window: segment.range } };
}

const BATCH_ROWS = 5000;

async function measureSink(machine: Machine, rows: number): Promise<{ rowsPerS: number; rawRowsPerS: number }> {
  const { target } = machine;
  const inserts = Math.ceil(rows / BATCH_ROWS);
  const batches = Array.from({ length: 20 }, (_, i) => syntheticRows(BATCH_ROWS, i));
  await createFillsTable(target, 'sink', { replace: true });
  const queue = new PQueue({ concurrency: 32 });
  const startMs = performance.now();
  await queue.addAll(
    Array.from(
      { length: inserts },
      (_, i) => () =>
        target.insertRowBinary('sink', FILLS_COLUMN_NAMES, batches[i % batches.length] as Uint8Array, {
          insertMode: 'async',
        }),
    ),
  );
  const rowsPerS = (inserts * BATCH_ROWS) / ((performance.now() - startMs) / 1000);
  await createFillsTable(target, 'raw_sink', { replace: true });
  const large = Buffer.concat(batches);
  const url = `${machine.server.url}/?database=bench&query=${encodeURIComponent('INSERT INTO raw_sink FORMAT RowBinary')}`;
  const rawQueue = new PQueue({ concurrency: 4 });
  const rawStartMs = performance.now();
  const rawInserts = Math.ceil(rows / (large.length / FILL_BYTES));
  await rawQueue.addAll(
    Array.from({ length: rawInserts }, () => async () => {
      const { body, statusCode } = await request(url, { method: 'POST', body: large });
      const answer = await body.text();
      if (statusCode !== 200) throw new Error(answer);
    }),
  );
  const rawRowsPerS = (rawInserts * (large.length / FILL_BYTES)) / ((performance.now() - rawStartMs) / 1000);
  await target.command('DROP TABLE sink');
  await target.command('DROP TABLE raw_sink');
  return { rowsPerS, rawRowsPerS };
}

/** Rows with hashes of their own: equal rows would sort and compress better than real ones. */
function syntheticRows(rows: number, salt: number): Uint8Array {
  const batch = new FillBatch(rows);
  let state = 0x9e3779b9 ^ salt;
  const word = () => {
    state = (Math.imul(state ^ (state >>> 15), 0x2c1b3c6d) + 0x6d2b79f5) | 0;
    return (state >>> 0).toString(16).padStart(8, '0');
  };
  const hex = (bytes: number) => `0x${Array.from({ length: bytes / 4 }, word).join('')}`;
  for (let i = 0; i < rows; i++) {
    encodeFill(
      {
        id: `${hex(32)}_${hex(32)}`,
        timestamp: String(1_700_000_000 + (i % 100_000)),
        maker: hex(20),
        taker: hex(20),
        makerAssetId: '0',
        takerAssetId: String(10n ** 76n + BigInt(i % 40)),
        makerAmountFilled: String(1_000_000 + i),
        takerAmountFilled: String(2_000_000 + i),
        fee: '0',
      },
      batch,
    );
  }
  return batch.take();
}

async function times(n: number, work: () => void): Promise<number[]> {
  const found: number[] = [];
  for (let i = 0; i < n; i++) {
    const startMs = performance.now();
    work();
    found.push(performance.now() - startMs);
  }
  return found;
}

export function median(values: readonly number[]): number {
  const sorted = [...values].sort((a, b) => a - b);
  return sorted[Math.floor(sorted.length / 2)] ?? 0;
}
