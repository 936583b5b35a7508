import { expect, test } from 'vitest';
import { type Failure, FailureError } from '../../src/core/failure.js';
import type { Segment } from '../../src/datasets/fills/plan/segment.js';
import { advance, windowOf } from '../../src/datasets/fills/plan/segments.js';
import { type FillSource, FillTexts } from '../../src/datasets/fills/subgraph/fill-texts.js';
import type { LanePage } from '../../src/datasets/fills/subgraph/page.js';
import { type Batch, type ChunkTask, type ChunkTools, runChunk } from '../../src/engine/attempt.js';

const PAGE_ROWS = 100;
const http500: Failure = { kind: 'transient', code: 'http_5xx', message: 'the source failed' };
const denied: Failure = { kind: 'transient', code: 'target_connection', message: 'reset' };

const idOf = (i: number) => `0x${(i * 0x10001).toString(16).padStart(8, '0')}`;
const fill = (side: string, i: number): FillSource => ({
  id: `${idOf(i)}${side}`,
  timestamp: '1',
  maker: '0x01',
  taker: '0x02',
  makerAssetId: '0',
  takerAssetId: '7',
  makerAmountFilled: '1',
  takerAmountFilled: '1',
  fee: '0',
});

/** A chunk of so many buys and sells over the whole range of ids. */
function task(buys: number, sells: number): ChunkTask {
  const segment = (side: 'buy' | 'sell', expected: number): Segment => ({
    side,
    tokens: ['7'],
    range: { axis: 'id', from: null, to: null },
    cursor: null,
    expected,
  });
  return { ordinal: 3, segments: [segment('buy', buys), segment('sell', sells)], pageRows: PAGE_ROWS, block: 42 };
}

/** Serves the rows of both sides as the source does, page by page; every row is one byte, its number. */
function world(buys: number, sells: number, over: { batchRows?: number } = {}) {
  const rows = {
    buy: Array.from({ length: buys }, (_, i) => fill('b', i)),
    sell: Array.from({ length: sells }, (_, i) => fill('s', i)),
  };
  const inserts: string[][] = [];
  const state = { requests: 0, stop: false, nowMs: 0, blocks: new Set<number | null>() };
  /** Failures by number of request, and by number of insert, from 0. */
  const failFetch = new Map<number, Failure>();
  const failInsert = new Map<number, Failure>();
  let insertCalls = 0;
  const bad = new Set<string>();
  const malformed = new Set<string>();

  class MemoryBatch implements Batch {
    ids: string[] = [];
    get rows() {
      return this.ids.length;
    }
    take() {
      return Buffer.from(this.ids.map((id) => id.padEnd(16)).join(''));
    }
  }
  const tools: ChunkTools = {
    batchRows: over.batchRows ?? 500,
    async fetchPage(lanes, page) {
      state.blocks.add(page.block);
      const failure = failFetch.get(state.requests++);
      state.nowMs += 10;
      if (failure) throw new FailureError(failure);
      return lanes.map((segment): LanePage => {
        const window = windowOf(segment, page.pageRows);
        const after = segment.cursor ?? '';
        const { from, to } = window;
        const inside = rows[segment.side].filter(
          ({ id }) => id > after && (from === null || id >= from) && (to === null || id < to),
        );
        const served = inside.slice(0, page.pageRows);
        const full = served.length === page.pageRows;
        const next = advance(
          segment,
          window,
          { rows: served.length, full, lastId: served.at(-1)?.id ?? null },
          PAGE_ROWS,
        );
        return {
          rows: FillTexts.of(served.filter(({ id }) => !malformed.has(id))),
          malformed: served
            .filter(({ id }) => malformed.has(id))
            .map((row) => ({ reason: 'fee: expected string', row })),
          next,
        };
      });
    },
    newBatch: () => new MemoryBatch(),
    encode(page, at, batch) {
      const id = page.text(at, 'id');
      if (bad.has(id)) return 'maker';
      (batch as MemoryBatch).ids.push(id);
      return null;
    },
    async insert(bytes, count) {
      state.nowMs += 5;
      expect(bytes.length).toBe(count * 16);
      const failure = failInsert.get(insertCalls++);
      if (failure) throw new FailureError(failure);
      inserts.push(
        Buffer.from(bytes)
          .toString()
          .match(/.{16}/g)
          ?.map((id) => id.trim()) ?? [],
      );
    },
    stopRequested: () => state.stop,
    nowMs: () => state.nowMs,
  };
  const all = [...rows.buy, ...rows.sell].map(({ id }) => id).sort();
  return { tools, state, inserts, failFetch, failInsert, bad, malformed, all };
}

const loaded = (inserts: readonly (readonly string[])[]) => inserts.flat().sort();

test('a chunk is read to its end, every row once, at the block of the task', async () => {
  const { tools, inserts, all, state } = world(730, 250);
  const outcome = await runChunk(task(730, 250), tools);
  expect(outcome).toMatchObject({ ordinal: 3, failure: null, rest: [], rows: 980, rejected: [] });
  expect(loaded(inserts)).toEqual(all);
  expect(outcome.requests).toBe(state.requests);
  expect([...state.blocks]).toEqual([42]);
  expect(outcome.spent.sourceMs).toBe(outcome.requests * 10);
  expect(outcome.spent.targetMs).toBe(inserts.length * 5);
});

test('counts that are wrong by a factor lose nothing', async () => {
  for (const [buys, sells] of [
    [10, 10],
    [20_000, 0],
    [0, 0],
  ] as const) {
    const { tools, inserts, all } = world(730, 250);
    const outcome = await runChunk(task(buys, sells), tools);
    expect(outcome.failure).toBeNull();
    expect(loaded(inserts)).toEqual(all);
  }
});

test('a chunk without rows inserts nothing', async () => {
  const { tools, inserts } = world(0, 0);
  expect(await runChunk(task(0, 0), tools)).toMatchObject({ failure: null, rows: 0, pages: 2, requests: 1 });
  expect(inserts).toEqual([]);
});

test('no insert holds more rows than a batch, whether a page is smaller or larger than that', async () => {
  for (const batchRows of [30, 99, 100, 101, 250, 500]) {
    const { tools, inserts, all } = world(730, 250, { batchRows });
    expect((await runChunk(task(730, 250), tools)).rows).toBe(980);
    expect(Math.max(...inserts.map((rows) => rows.length))).toBeLessThanOrEqual(batchRows);
    expect(loaded(inserts)).toEqual(all);
  }
});

test('after a failure of the source the rows read before it are kept, and the rest goes on after them', async () => {
  for (let at = 0; at < 5; at++) {
    const { tools, inserts, failFetch, all } = world(730, 250);
    failFetch.set(at, http500);
    const first = await runChunk(task(730, 250), tools);
    expect(first.failure).toEqual(http500);
    expect(first.rows).toBe(inserts.flat().length);
    const second = await runChunk({ ...task(0, 0), segments: first.rest }, tools);
    expect(second.failure).toBeNull();
    expect(first.rows + second.rows).toBe(980);
    expect(loaded(inserts)).toEqual(all);
  }
});

test('after a failed insert the rest begins at the last acknowledged page: nothing lost, nothing counted twice', async () => {
  for (let at = 0; at < 4; at++) {
    const { tools, inserts, failInsert, all } = world(730, 250, { batchRows: 200 });
    failInsert.set(at, denied);
    const first = await runChunk(task(730, 250), tools);
    expect(first.failure).toEqual(denied);
    expect(first.rows).toBe(inserts.flat().length);
    const second = await runChunk({ ...task(0, 0), segments: first.rest }, tools);
    expect(second.failure).toBeNull();
    expect(loaded(inserts)).toEqual(all);
    expect(first.rows + second.rows).toBe(980);
  }
});

test('a batch that was inserted in part is read again from its beginning: copies, never gaps', async () => {
  const { tools, inserts, failInsert, all } = world(730, 250, { batchRows: 30 });
  failInsert.set(5, denied);
  const first = await runChunk(task(730, 250), tools);
  const inserted = inserts.flat().length;
  expect(first.rows).toBeLessThan(inserted);
  const second = await runChunk({ ...task(0, 0), segments: first.rest }, tools);
  expect([...new Set(inserts.flat())].sort()).toEqual(all);
  expect(first.rows + second.rows).toBe(980);
});

test('a target that fails is not asked again by the same attempt', async () => {
  const { tools, failInsert, inserts } = world(730, 250, { batchRows: 200 });
  for (let i = 0; i < 100; i++) failInsert.set(i, denied);
  const outcome = await runChunk(task(730, 250), tools);
  expect(outcome).toMatchObject({ failure: denied, rows: 0, rest: task(730, 250).segments, rejected: [] });
  expect(inserts).toEqual([]);
});

test('when what was read cannot be saved after a failure of the source, the failure of the target counts', async () => {
  const { tools, failFetch, failInsert } = world(730, 250);
  failFetch.set(2, http500);
  failInsert.set(0, denied);
  expect(await runChunk(task(730, 250), tools)).toMatchObject({
    failure: denied,
    rows: 0,
    rest: task(730, 250).segments,
  });
});

test('a rejected row is reported once, by the attempt whose position is past it', async () => {
  const { tools, inserts, failInsert, failFetch, bad, malformed, all } = world(730, 250, { batchRows: 200 });
  const wrong = [fill('b', 5).id, fill('b', 401).id, fill('s', 240).id];
  bad.add(wrong[0] as string).add(wrong[1] as string);
  malformed.add(wrong[2] as string);
  failInsert.set(2, denied);
  failFetch.set(7, http500);
  const rejected: string[] = [];
  let rows = 0;
  let segments: readonly Segment[] = task(730, 250).segments;
  for (let attempt = 0; segments.length > 0; attempt++) {
    expect(attempt).toBeLessThan(5);
    const outcome = await runChunk({ ...task(0, 0), segments }, tools);
    segments = outcome.rest;
    rows += outcome.rows;
    for (const { row } of outcome.rejected) rejected.push((row as FillSource).id);
  }
  expect(rejected.sort()).toEqual(wrong.sort());
  expect(rows).toBe(977);
  expect(loaded(inserts)).toEqual(all.filter((id) => !wrong.includes(id)));
});

test('a chunk of nothing but rejected rows ends', async () => {
  const { tools, bad, all } = world(150, 0);
  for (const id of all) bad.add(id);
  const outcome = await runChunk(task(150, 0), tools);
  expect(outcome).toMatchObject({ failure: null, rows: 0, rest: [] });
  expect(outcome.rejected).toHaveLength(150);
});

test('asked to stop, an attempt ends after the page in hand and keeps it', async () => {
  const { tools, inserts, state, all } = world(730, 250);
  const { fetchPage } = tools;
  const stopping: ChunkTools = {
    ...tools,
    fetchPage: async (lanes, page) => {
      if (state.requests === 2) state.stop = true;
      return fetchPage(lanes, page);
    },
  };
  const first = await runChunk(task(730, 250), stopping);
  expect(first.failure?.code).toBe('stopped');
  expect(state.requests).toBe(3);
  expect(first.rows).toBe(inserts.flat().length);
  expect(first.rows).toBeGreaterThan(0);
  state.stop = false;
  await runChunk({ ...task(0, 0), segments: first.rest }, tools);
  expect(loaded(inserts)).toEqual(all);
});

test('an error of our own becomes a terminal failure, never an exception', async () => {
  const { tools } = world(10, 10);
  const broken = {
    ...tools,
    encode: () => {
      throw new TypeError('cannot read x of undefined');
    },
  };
  expect((await runChunk(task(10, 10), broken)).failure).toEqual({
    kind: 'terminal',
    code: 'bug',
    message: 'unexpected error while loading a chunk: TypeError: cannot read x of undefined',
  });
});
