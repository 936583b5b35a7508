import { afterEach, describe, expect, test } from 'vitest';
import { type Failure, FailureError } from '../../../../src/core/failure.js';
import type { Range } from '../../../../src/datasets/fills/plan/chunk.js';
import type { Segment } from '../../../../src/datasets/fills/plan/segment.js';
import { takeLanes } from '../../../../src/datasets/fills/plan/segments.js';
import { fetchPage, type LanePage, readLane } from '../../../../src/datasets/fills/subgraph/page.js';
import { pageQuery } from '../../../../src/datasets/fills/subgraph/queries.js';
import { answerLists, type Entity, opener } from '../../../sources/subgraph/wire.js';

const open = opener();
afterEach(() => open.close());

const WHOLE: Range = { axis: 'id', from: null, to: null };

/** Fill number n: ids ascend with n; buys of token 7 unless said otherwise. */
function fill(n: number, change: Record<string, unknown> = {}): Entity {
  return {
    id: `0x${n.toString(16).padStart(16, '0')}_0xaa`,
    timestamp: String(1_700_000_000 + n),
    maker: '0x01',
    taker: '0x02',
    makerAssetId: '0',
    takerAssetId: '7',
    makerAmountFilled: '5',
    takerAmountFilled: '10',
    fee: '0',
    ...change,
  };
}

const fills = (n: number, first = 1) => Array.from({ length: n }, (_, i) => fill(first + i));

function segment(change: Partial<Segment> = {}): Segment {
  return { side: 'buy', tokens: ['7'], range: WHOLE, cursor: null, expected: 10, ...change };
}

function failureOf(act: () => unknown): Failure {
  try {
    act();
  } catch (error) {
    if (error instanceof FailureError) return error.failure;
    throw error;
  }
  throw new Error('nothing was thrown');
}

function read(rows: unknown, change: Partial<Segment> = {}, pageRows = 10): LanePage {
  const asked = segment(change);
  return readLane({ segment: asked, window: asked.range }, rows, pageRows);
}

describe('what is asked', () => {
  test('two lanes, values as variables, the pinned block, only the needed columns', () => {
    const from = segment({ range: { axis: 'id', from: '0x4', to: '0x8' } });
    const after = segment({ side: 'sell', tokens: ['7', '8'], cursor: '0x5' });
    const { document, variables } = pageQuery(
      [from, after].map((asked) => ({ segment: asked, window: asked.range })),
      99,
      1000,
    );
    expect(
      document.text,
    ).toBe(`query ($first: Int!, $block: Int!, $tokensA: [String!]!, $fromA: ID!, $toA: ID!, $tokensB: [String!]!, $afterB: ID!) {
  laneA: orderFilledEvents(where: {takerAssetId_in: $tokensA, id_gte: $fromA, id_lt: $toA}, orderBy: id, orderDirection: asc, first: $first, block: {number: $block}) { id timestamp maker taker makerAssetId takerAssetId makerAmountFilled takerAmountFilled fee }
  laneB: orderFilledEvents(where: {makerAssetId_in: $tokensB, id_gt: $afterB}, orderBy: id, orderDirection: asc, first: $first, block: {number: $block}) { id timestamp maker taker makerAssetId takerAssetId makerAmountFilled takerAmountFilled fee }
}`);
    expect(variables).toEqual({
      first: 1000,
      block: 99,
      tokensA: ['7'],
      fromA: '0x4',
      toA: '0x8',
      tokensB: ['7', '8'],
      afterB: '0x5',
    });
    expect(document.keys).toEqual(['laneA', 'laneB']);
  });

  test('the text depends on the shape alone; unpinned it names no block', () => {
    const text = (cursor: string, block: number | null) => {
      const asked = segment({ cursor });
      return pageQuery([{ segment: asked, window: asked.range }], block, 1000).document;
    };
    expect(text('0x1', 5)).toBe(text('0x2', 6));
    expect(text('0x1', null).text).not.toContain('block');
  });

  test('the whole tape by time: buys, and everything that is no buy', () => {
    const range: Range = { axis: 'time', from: '100', to: '200' };
    const lanes = (['buy', 'sell'] as const).map((side) => ({
      segment: segment({ side, tokens: null, range }),
      window: range,
    }));
    const { document } = pageQuery(lanes, 1, 1000);
    expect(document.text).toContain(
      'where: {makerAssetId: "0", timestamp_gte: $fromTimeA, timestamp_lt: $toTimeA}, orderBy: timestamp',
    );
    expect(document.text).toContain('where: {makerAssetId_not: "0", timestamp_gte: $fromTimeB');
  });
});

describe('a page is what was asked for, or it is refused', () => {
  test('a short page ends the lane, a full one goes on after its last id', () => {
    expect(read(fills(9))).toMatchObject({ next: [], malformed: [] });
    expect(read(fills(9)).rows).toHaveLength(9);
    const [next] = read(fills(10), { expected: 25 }).next;
    expect(next).toMatchObject({ cursor: fill(10).id, expected: 15, range: WHOLE });
    expect(read([]).next).toEqual([]);
  });

  test('a short page of a window goes on behind the window', () => {
    const asked = segment({ expected: 1000 });
    const page = readLane({ segment: asked, window: { axis: 'id', from: null, to: '0x1' } }, fills(3), 10);
    expect(page.next).toEqual([{ ...asked, range: { axis: 'id', from: '0x1', to: null }, expected: 970 }]);
  });

  test.each([
    ['one row more than asked', fills(11), {}],
    ['a row doubled', [fill(1), fill(1)], {}],
    ['rows out of order', [fill(2), fill(1)], {}],
    ['the cursor again', [fill(3)], { cursor: fill(3).id }],
    ['a row before the cursor', [fill(2)], { cursor: fill(3).id }],
    ['a row before the range', [fill(2)], { range: { axis: 'id', from: fill(3).id, to: null } }],
    ['a row at the end of the range', [fill(3)], { range: { axis: 'id', from: null, to: fill(3).id } }],
    ['a row of another token', [fill(1), fill(2, { takerAssetId: '8' })], {}],
    ['a row of the other side', [fill(1, { makerAssetId: '7', takerAssetId: '0' })], {}],
    ['a row of the other side of the tape', [fill(1, { makerAssetId: '7' })], { tokens: null }],
    ['a row without an id', [{ ...fill(1), id: undefined }], {}],
    ['an id that is a number', [{ ...fill(1), id: 5 }], {}],
    ['a row that is null', [null], {}],
    ['no list', { 0: fill(1) }, {}],
  ])('%s', (_name, rows, change) => {
    expect(failureOf(() => read(rows, change as Partial<Segment>))).toMatchObject({
      kind: 'transient',
      code: 'bad_page',
    });
  });

  test('a row whose other asset is no collateral lies inside the filter: the encoder will reject it', () => {
    expect(read([fill(1, { makerAssetId: '9' })]).rows).toHaveLength(1);
  });

  test('a row with a field that is no string is handed on as it came, the others stay', () => {
    const bad = fill(2, { fee: 7 });
    const { rows, malformed, next } = read([fill(1), bad, fill(3)], {}, 3);
    expect(rows.rows().map(({ id }) => id)).toEqual([fill(1).id, fill(3).id]);
    expect(malformed).toEqual([{ reason: expect.stringContaining('fee'), row: bad }]);
    // It counts as a row: the page was full and goes on.
    expect(next[0]?.cursor).toBe(fill(3).id);
  });

  test('fields that were not asked for are dropped', () => {
    expect(read([fill(1, { extra: 'x' })]).rows.row(0)).not.toHaveProperty('extra');
  });

  test('by time: out of order, out of range, doubled, without a time', () => {
    const range: Range = { axis: 'time', from: '1700000000', to: '1700000100' };
    expect(read([fill(1), fill(2)], { range }).rows).toHaveLength(2);
    for (const rows of [
      [fill(2), fill(1)],
      [fill(1), fill(1)],
      [fill(500)],
      [fill(1, { timestamp: 'x' })],
      [fill(1, { timestamp: 1_700_000_001 })],
    ]) {
      expect(failureOf(() => read(rows, { range })).code).toBe('bad_page');
    }
  });
});

/** Reads segments to their ends through real requests. */
async function readAll(url: string, start: readonly Segment[], pageRows: number, block: number | null = 5) {
  const client = open.client({ url });
  const queue = [...start];
  const ids: string[] = [];
  let requests = 0;
  for (let lanes = takeLanes(queue, pageRows); lanes.length > 0; lanes = takeLanes(queue, pageRows)) {
    requests++;
    for (const page of await fetchPage(client, lanes, { block, pageRows })) {
      ids.push(...page.rows.rows().map(({ id }) => id));
      queue.push(...page.next);
    }
  }
  return { ids, requests };
}

describe('to the end, over the wire', () => {
  const spread = (n: number, tokens: readonly string[]) =>
    Array.from({ length: n }, (_, i) => {
      const buy = i % 3 !== 0;
      const token = tokens[i % tokens.length] as string;
      const place = (BigInt(i) * ((1n << 64n) / BigInt(n))).toString(16).padStart(16, '0');
      return fill(i, {
        id: `0x${place}_0x${i}`,
        timestamp: String(1000 + Math.floor(i / 7)),
        makerAssetId: buy ? '0' : token,
        takerAssetId: buy ? token : '0',
      });
    });

  test('by id, in windows, each fill once, though counts are wrong', async () => {
    const all = spread(700, ['7', '8', '9']);
    const wire = await open.wire(answerLists({ orderFilledEvents: all }));
    for (const expected of [0, 230, 5000]) {
      const both = (['buy', 'sell'] as const).map((side) => segment({ side, tokens: ['7', '8'], expected }));
      const { ids } = await readAll(wire.url, both, 20);
      const wanted = all.filter(({ makerAssetId, takerAssetId }) => makerAssetId !== '9' && takerAssetId !== '9');
      expect(ids.sort()).toEqual(wanted.map(({ id }) => id).sort());
    }
  });

  test('by time, with crowded seconds, each fill once', async () => {
    const all = spread(400, ['7']).map((row, i) => (i > 100 && i < 190 ? { ...row, timestamp: '1015' } : row));
    const wire = await open.wire(answerLists({ orderFilledEvents: all }));
    for (const tokens of [null, ['7']]) {
      const range: Range = { axis: 'time', from: '0', to: '99999' };
      const both = (['buy', 'sell'] as const).map((side) => segment({ side, tokens, range, expected: 200 }));
      const { ids } = await readAll(wire.url, both, 20, null);
      expect(ids.sort()).toEqual(all.map(({ id }) => id).sort());
    }
  });
});
