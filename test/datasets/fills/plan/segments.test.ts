import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { Range } from '../../../../src/datasets/fills/plan/chunk.js';
import { makePlan } from '../../../../src/datasets/fills/plan/plan.js';
import { rangeContains, wholeRange } from '../../../../src/datasets/fills/plan/ranges.js';
import type { Segment } from '../../../../src/datasets/fills/plan/segment.js';
import {
  expectedRequests,
  pagesFor,
  splitSegment,
  takeLanes,
  timeCut,
  windowOf,
} from '../../../../src/datasets/fills/plan/segments.js';
import { MemorySource } from './memory-source.js';
import { makeUniverse, OPTIONS } from './universe.js';

function segment(expected: number, range: Range = wholeRange('id'), cursor: string | null = null): Segment {
  return { side: 'buy', tokens: ['7'], range, cursor, expected };
}

describe('requests per 1,000 rows', () => {
  test('a skewed universe of 20,000 markets and 4 million fills stays under 0.54, each row read once, as planned', () => {
    const plan = makePlan(
      makeUniverse({ markets: 20_000, fills: 4_000_000, skew: 2.5, buyShare: 0.6, seed: 5 }),
      OPTIONS,
    );
    const source = new MemorySource(plan, 5);
    for (let ordinal = 0; ordinal < plan.chunks.length; ordinal++) source.readChunk(plan, ordinal);
    const per1000 = (source.requests / source.rows) * 1000;
    const planned = (plan.totals.requests / plan.totals.rows) * 1000;
    console.log(
      `requests per 1,000 rows: ${per1000.toFixed(4)} (planned ${planned.toFixed(4)}), ${source.requests} requests, ` +
        `${plan.chunks.length} chunks, widest window ${source.widest} rows`,
    );
    expect(source.rows).toBe(plan.totals.rows);
    expect(source.served).toBeCloseTo(source.all, 3);
    expect(per1000).toBeLessThan(0.54);
    expect(Math.abs(source.requests / plan.totals.requests - 1)).toBeLessThan(0.01);
    // Full pages by the cursor alone would have made the source sort 20,000 rows for a page.
    expect(source.widest).toBeLessThan(3500);
  });

  test.each([
    ['small markets only', { skew: 1, buyShare: 0.6 }],
    ['nearly all buys', { skew: 2, buyShare: 0.9 }],
    ['few giants', { skew: 3.5, buyShare: 0.5 }],
  ])('%s', (_name, shape) => {
    const plan = makePlan(makeUniverse({ markets: 5000, fills: 1_000_000, seed: 9, ...shape }), OPTIONS);
    const source = new MemorySource(plan, 9);
    for (let ordinal = 0; ordinal < plan.chunks.length; ordinal++) source.readChunk(plan, ordinal);
    expect(source.rows).toBe(plan.totals.rows);
    expect((source.requests / source.rows) * 1000).toBeLessThan(0.54);
    expect(Math.abs(source.requests / plan.totals.requests - 1)).toBeLessThan(0.02);
  });

  test('smaller pages after time-outs, and counts that are wrong, still read each row once', () => {
    const tokens = makeUniverse({ markets: 60, fills: 150_000, skew: 2.5, buyShare: 0.6, seed: 2 });
    for (const factor of [0, 0.3, 1, 4]) {
      const wrong = tokens.map((count) => ({
        ...count,
        buys: Math.ceil(count.buys * factor),
        sells: Math.ceil(count.sells * factor),
      }));
      const truth = makePlan(tokens, OPTIONS);
      const source = new MemorySource(truth, 2);
      const kept = wrong.map((count, i) => ({
        ...count,
        buys: tokens[i]?.buys ? count.buys + 1 : 0,
        sells: tokens[i]?.sells ? count.sells + 1 : 0,
      }));
      const plan = makePlan(kept, OPTIONS);
      for (let ordinal = 0; ordinal < plan.chunks.length; ordinal++) source.readChunk(plan, ordinal, 150);
      expect(source.rows).toBe(truth.totals.rows);
      expect(source.served).toBeCloseTo(source.all, 3);
    }
  });
});

describe('the lane algorithm', () => {
  test('two lanes of any lengths need half their pages, the longest alone at most its half', () => {
    expect(expectedRequests([], 1000)).toBe(0);
    expect(expectedRequests([0], 1000)).toBe(1);
    expect(expectedRequests([999, 999], 1000)).toBe(1);
    expect(expectedRequests([1000, 0], 1000)).toBe(2);
    expect(expectedRequests([5999, 999, 999, 999, 999, 999, 999], 1000)).toBe(6);
    expect(expectedRequests([9000], 1000)).toBe(5);
    fc.assert(
      fc.property(fc.array(fc.nat(30_000), { minLength: 1, maxLength: 12 }), (rows) => {
        const pages = rows.reduce((sum, n) => sum + pagesFor(n, 1000), 0);
        const requests = expectedRequests(rows, 1000);
        expect(requests).toBeGreaterThanOrEqual(Math.ceil((pages - rows.length) / 2));
        expect(requests).toBeLessThanOrEqual(Math.ceil(pages / 2) + 1);
      }),
    );
  });

  test('a single long segment is read as two halves; a short one is not', () => {
    const queue = [segment(5000)];
    const lanes = takeLanes(queue, 1000);
    expect(lanes.map(({ range, expected }) => [range.from, range.to, expected])).toEqual([
      [null, '0x8', 2500],
      ['0x8', null, 2500],
    ]);
    expect(queue).toEqual([]);
    expect(takeLanes([segment(999)], 1000)).toHaveLength(1);
    expect(takeLanes([], 1000)).toEqual([]);
    expect(takeLanes([segment(10), segment(3000), segment(2000)], 1000).map(({ expected }) => expected)).toEqual([
      3000, 2000,
    ]);
  });

  test('halves keep the cursor in the first and lose nothing', () => {
    const whole = segment(4001, { axis: 'id', from: '0x4', to: '0x8' }, '0x6abc');
    const [low, high] = splitSegment(whole) as [Segment, Segment];
    expect(low.cursor).toBe('0x6abc');
    expect(high.cursor).toBeNull();
    expect(low.range.from).toBe('0x4');
    expect(high.range).toEqual({ axis: 'id', from: low.range.to, to: '0x8' });
    expect(low.expected + high.expected).toBe(4001);
    expect(splitSegment(segment(9, { axis: 'time', from: '5', to: '6' }, '0xab'))).toBeNull();
  });

  test('windows are for many pages only', () => {
    expect(windowOf(segment(3000), 1000)).toEqual(wholeRange('id'));
    expect(windowOf(segment(48_000), 1000)).toEqual({ axis: 'id', from: null, to: '0x1' });
  });
});

describe('pages by time', () => {
  const window: Range = { axis: 'time', from: '100', to: '200' };

  test('the rows of the last second are read with what follows', () => {
    const times = [...Array.from({ length: 90 }, (_, i) => 100 + (i >> 1)), ...Array.from({ length: 10 }, () => 145)];
    const { keep, next } = timeCut(segment(500, window), times);
    expect(keep).toBe(90);
    expect(next.map(({ range }) => range)).toEqual([{ axis: 'time', from: '145', to: '200' }]);
    expect(next[0]?.expected).toBe(110);
  });

  test('a crowded second becomes a segment of its own, beside what follows', () => {
    const times = [100, 101, ...Array.from({ length: 98 }, () => 102)];
    const { keep, next } = timeCut(segment(500, window), times);
    expect(keep).toBe(2);
    expect(next.map(({ range }) => range)).toEqual([
      { axis: 'time', from: '102', to: '103' },
      { axis: 'time', from: '103', to: '200' },
    ]);
    const last = timeCut(segment(500, { ...window, to: '103' }), times);
    expect(last.next.map(({ range }) => range.to)).toEqual(['103']);
  });

  test('nothing is skipped: kept rows lie before what follows, the others inside it', () => {
    const page = fc
      .array(fc.integer({ min: 100, max: 130 }), { minLength: 1, maxLength: 60 })
      .map((times) => times.sort((a, b) => a - b));
    fc.assert(
      fc.property(page, (times) => {
        const { keep, next } = timeCut(segment(500, window), times);
        const held = (time: number) => next.filter(({ range }) => rangeContains(range, String(time))).length;
        for (const [i, time] of times.entries()) expect(held(time)).toBe(i < keep ? 0 : 1);
        for (let time = (times.at(-1) as number) + 1; time < 200; time++) expect(held(time)).toBe(1);
      }),
    );
  });
});
