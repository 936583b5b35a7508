import { expect, test } from 'vitest';
import { type Failure, FailureError } from '../../../../src/core/failure.js';
import { FILL_BYTES } from '../../../../src/datasets/fills/fill-batch.js';
import type { Segment } from '../../../../src/datasets/fills/plan/segment.js';
import { advance, windowOf } from '../../../../src/datasets/fills/plan/segments.js';
import { fillsSink } from '../../../../src/datasets/fills/sink.js';
import { type FillSource, FillTexts } from '../../../../src/datasets/fills/subgraph/fill-texts.js';
import type { LanePage } from '../../../../src/datasets/fills/subgraph/page.js';
import { type FetchPage, subgraphReader } from '../../../../src/datasets/fills/subgraph/reader.js';
import { runAttempt, type UnitTask } from '../../../../src/engine/attempt.js';
import { LiveCounters } from '../../../../src/engine/live-counters.js';

/** Attempts at chunks of the subgraph: reader, lanes, encoder, sink and the engine's attempt, with only the wires faked. */
const PAGE_ROWS = 100;
const http500: Failure = { kind: 'transient', side: 'source', code: 'http_5xx', message: 'the source failed' };
const denied: Failure = { kind: 'transient', side: 'target', code: 'target_connection', message: 'reset' };

const hash = (i: number) => `0x${i.toString(16).padStart(64, '0')}`;
const ADDRESS = `0x${'11'.repeat(20)}`;
/** A fill whose order hash ends in its number: buys count from 1, sells from 100,001. */
const fill = (side: string, i: number): FillSource => ({
  id: `${hash((i + 1) << 8)}_${hash((side === 'b' ? 0 : 100_000) + i + 1)}`,
  timestamp: '1',
  maker: ADDRESS,
  taker: ADDRESS,
  makerAssetId: side === 'b' ? '0' : '7',
  takerAssetId: side === 'b' ? '7' : '0',
  makerAmountFilled: '1',
  takerAmountFilled: '1',
  fee: '0',
});
const numberOf = ({ id }: { readonly id: string }) => Number.parseInt(id.slice(-8), 16);

/** A chunk of so many buys and sells over the whole range of ids. */
function task(buys: number, sells: number): UnitTask & { readonly rest: readonly Segment[] } {
  const segment = (side: 'buy' | 'sell', expected: number): Segment => ({
    side,
    tokens: ['7'],
    range: { axis: 'id', from: null, to: null },
    cursor: null,
    expected,
  });
  return { ordinal: 3, rest: [segment('buy', buys), segment('sell', sells)], size: PAGE_ROWS, pin: 42 };
}

/** Serves the rows of both sides as the source does, page by page; what was inserted is known by its numbers. */
function world(buys: number, sells: number, over: { batchRows?: number } = {}) {
  const rows = {
    buy: Array.from({ length: buys }, (_, i) => fill('b', i)),
    sell: Array.from({ length: sells }, (_, i) => fill('s', i)),
  };
  const inserts: number[][] = [];
  const stop = new AbortController();
  const state = { requests: 0, nowMs: 0, blocks: new Set<number | null>() };
  /** Failures by number of request, and by number of insert, from 0. */
  const failFetch = new Map<number, Failure>();
  const failInsert = new Map<number, Failure>();
  let insertCalls = 0;
  const bad = new Set<number>();
  const malformed = new Set<number>();
  const counters = new LiveCounters();

  const serve: FetchPage = async (lanes, page) => {
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
      const read = { rows: served.length, full, lastId: served.at(-1)?.id ?? null };
      const texts = served
        .filter((row) => !malformed.has(numberOf(row)))
        .map((row) => (bad.has(numberOf(row)) ? { ...row, maker: 'nobody' } : row));
      return {
        rows: FillTexts.of(texts),
        malformed: served
          .filter((row) => malformed.has(numberOf(row)))
          .map((row) => ({ reason: 'fee: expected string', row })),
        next: advance(segment, window, read, PAGE_ROWS),
      };
    });
  };
  let fetch = serve;
  const reader = subgraphReader(
    { close: () => Promise.resolve() },
    { acquire: () => Promise.resolve() },
    (lanes, page) => fetch(lanes, page),
  );
  const target = {
    async insertRowBinary(_table: string, _columns: readonly string[], bytes: Uint8Array) {
      state.nowMs += 5;
      const failure = failInsert.get(insertCalls++);
      if (failure) throw new FailureError(failure);
      const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
      inserts.push(Array.from({ length: bytes.length / FILL_BYTES }, (_, i) => view.getUint32(i * FILL_BYTES + 60)));
    },
    close: () => Promise.resolve(),
  };
  const sink = fillsSink(target, 'fills', over.batchRows ?? 500);
  const attempt = (one: UnitTask) =>
    runAttempt(one, reader, sink, { stop: stop.signal, nowMs: () => state.nowMs, counters });
  const replaceFetch = (other: (real: FetchPage) => FetchPage) => {
    fetch = other(serve);
  };
  const all = [...rows.buy, ...rows.sell].map(numberOf).sort(ascending);
  return { attempt, state, stop, inserts, failFetch, failInsert, bad, malformed, all, counters, replaceFetch };
}

const ascending = (a: number, b: number) => a - b;
const loaded = (inserts: readonly (readonly number[])[]) => inserts.flat().sort(ascending);

test('a chunk is read to its end, every row once, at the block of the task', async () => {
  const { attempt, inserts, all, state, counters } = world(730, 250);
  const outcome = await attempt(task(730, 250));
  expect(outcome).toMatchObject({ ordinal: 3, failure: null, rest: null, rows: 980, rejected: [] });
  expect(loaded(inserts)).toEqual(all);
  expect(counters.rows).toBe(980);
  expect([...state.blocks]).toEqual([42]);
  expect(outcome.spent.sourceMs).toBe(state.requests * 10);
  expect(outcome.spent.targetMs).toBe(inserts.length * 5);
});

test('counts that are wrong by a factor lose nothing', async () => {
  for (const [buys, sells] of [
    [10, 10],
    [20_000, 0],
    [0, 0],
  ] as const) {
    const { attempt, inserts, all } = world(730, 250);
    const outcome = await attempt(task(buys, sells));
    expect(outcome.failure).toBeNull();
    expect(loaded(inserts)).toEqual(all);
  }
});

test('a chunk without rows inserts nothing', async () => {
  const { attempt, inserts } = world(0, 0);
  expect(await attempt(task(0, 0))).toMatchObject({ failure: null, rows: 0, parts: 2 });
  expect(inserts).toEqual([]);
});

test('no insert holds more rows than a batch, whether a page is smaller or larger than that', async () => {
  for (const batchRows of [30, 99, 100, 101, 250, 500]) {
    const { attempt, inserts, all } = world(730, 250, { batchRows });
    expect((await attempt(task(730, 250))).rows).toBe(980);
    expect(Math.max(...inserts.map((rows) => rows.length))).toBeLessThanOrEqual(batchRows);
    expect(loaded(inserts)).toEqual(all);
  }
});

test('after a failure of the source the rows read before it are kept, and the rest goes on after them', async () => {
  for (let at = 0; at < 5; at++) {
    const { attempt, inserts, failFetch, all } = world(730, 250);
    failFetch.set(at, http500);
    const first = await attempt(task(730, 250));
    expect(first.failure).toEqual(http500);
    expect(first.rows).toBe(inserts.flat().length);
    const second = await attempt({ ...task(0, 0), rest: first.rest ?? [] });
    expect(second.failure).toBeNull();
    expect(first.rows + second.rows).toBe(980);
    expect(loaded(inserts)).toEqual(all);
  }
});

test('after a failed insert the rest begins at the last acknowledged page: nothing lost, nothing counted twice', async () => {
  for (let at = 0; at < 4; at++) {
    const { attempt, inserts, failInsert, all } = world(730, 250, { batchRows: 200 });
    failInsert.set(at, denied);
    const first = await attempt(task(730, 250));
    expect(first.failure).toEqual(denied);
    expect(first.rows).toBe(inserts.flat().length);
    const second = await attempt({ ...task(0, 0), rest: first.rest ?? [] });
    expect(second.failure).toBeNull();
    expect(loaded(inserts)).toEqual(all);
    expect(first.rows + second.rows).toBe(980);
  }
});

test('a batch that was inserted in part is read again from its beginning: copies, never gaps', async () => {
  const { attempt, inserts, failInsert, all } = world(730, 250, { batchRows: 30 });
  failInsert.set(5, denied);
  const first = await attempt(task(730, 250));
  const inserted = inserts.flat().length;
  expect(first.rows).toBeLessThan(inserted);
  const second = await attempt({ ...task(0, 0), rest: first.rest ?? [] });
  expect([...new Set(inserts.flat())].sort(ascending)).toEqual(all);
  expect(first.rows + second.rows).toBe(980);
});

test('a target that fails is not asked again by the same attempt', async () => {
  const { attempt, failInsert, inserts } = world(730, 250, { batchRows: 200 });
  for (let i = 0; i < 100; i++) failInsert.set(i, denied);
  const outcome = await attempt(task(730, 250));
  expect(outcome).toMatchObject({ failure: denied, rows: 0, rest: task(730, 250).rest, rejected: [] });
  expect(inserts).toEqual([]);
});

test('when what was read cannot be saved after a failure of the source, the failure of the target counts', async () => {
  const { attempt, failFetch, failInsert } = world(730, 250);
  failFetch.set(2, http500);
  failInsert.set(0, denied);
  expect(await attempt(task(730, 250))).toMatchObject({
    failure: denied,
    rows: 0,
    rest: task(730, 250).rest,
  });
});

test('a rejected row is reported once, by the attempt whose position is past it', async () => {
  const { attempt, inserts, failInsert, failFetch, bad, malformed, all } = world(730, 250, { batchRows: 200 });
  const wrong = [fill('b', 5), fill('b', 401), fill('s', 240)].map(numberOf);
  bad.add(wrong[0] as number).add(wrong[1] as number);
  malformed.add(wrong[2] as number);
  failInsert.set(2, denied);
  failFetch.set(7, http500);
  const rejected: number[] = [];
  let rows = 0;
  let rest: UnitTask['rest'] | null = task(730, 250).rest;
  for (let tries = 0; rest !== null; tries++) {
    expect(tries).toBeLessThan(5);
    const outcome = await attempt({ ...task(0, 0), rest });
    rest = outcome.rest;
    rows += outcome.rows;
    for (const { row } of outcome.rejected) rejected.push(numberOf(row as FillSource));
  }
  expect(rejected.sort(ascending)).toEqual(wrong.sort(ascending));
  expect(rows).toBe(977);
  expect(loaded(inserts)).toEqual(all.filter((number) => !wrong.includes(number)));
});

test('a chunk of nothing but rejected rows ends', async () => {
  const { attempt, bad, all } = world(150, 0);
  for (const id of all) bad.add(id);
  const outcome = await attempt(task(150, 0));
  expect(outcome).toMatchObject({ failure: null, rows: 0, rest: null });
  expect(outcome.rejected).toHaveLength(150);
});

test('asked to stop, an attempt ends after the page in hand and keeps it', async () => {
  const { attempt, inserts, state, stop, all, replaceFetch } = world(730, 250);
  replaceFetch((real) => (lanes, page) => {
    if (state.requests === 2) stop.abort();
    return real(lanes, page);
  });
  const first = await attempt(task(730, 250));
  expect(first.failure?.code).toBe('stopped');
  expect(state.requests).toBe(3);
  expect(first.rows).toBe(inserts.flat().length);
  expect(first.rows).toBeGreaterThan(0);
  const again = world(730, 250);
  await again.attempt({ ...task(0, 0), rest: first.rest ?? [] });
  expect(loaded([...inserts, ...again.inserts])).toEqual(all);
});
