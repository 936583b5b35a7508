import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { Plan, TokenCount } from '../../../../src/datasets/fills/plan/chunk.js';
import { chunkName } from '../../../../src/datasets/fills/plan/chunk-name.js';
import { MarketProgress } from '../../../../src/datasets/fills/plan/market-progress.js';
import { checkPlan, makePlan } from '../../../../src/datasets/fills/plan/plan.js';
import { initialSegments } from '../../../../src/datasets/fills/plan/segments.js';
import { makeUniverse, OPTIONS } from './universe.js';

const side = fc.oneof(
  { weight: 6, arbitrary: fc.nat(60) },
  { weight: 3, arbitrary: fc.nat(2500) },
  { weight: 1, arbitrary: fc.nat(90_000) },
  { weight: 1, arbitrary: fc.constantFrom(0, 999, 1000, 1999, 2000, 20_000) },
);
const counts: fc.Arbitrary<TokenCount[]> = fc
  .uniqueArray(fc.record({ id: fc.bigInt({ min: 1n, max: (1n << 256n) - 1n }), buys: side, sells: side }), {
    selector: ({ id }) => id,
    maxLength: 150,
  })
  .map((rows) =>
    rows.map(({ id, buys, sells }) => ({ token: id.toString(), buys, sells, buyMicros: '0', sellMicros: '0' })),
  );
const options = fc.record({
  partition: fc.constantFrom('markets' as const, 'time' as const),
  sliceBy: fc.constantFrom('id' as const, 'time' as const),
  pageRows: fc.constantFrom(1000, 1000, 100, 7),
  chunkPages: fc.integer({ min: 1, max: 20 }),
  maxPackTokens: fc.constantFrom(1, 5, 200),
});
const span = { fromS: 1_663_000_000, toS: 1_777_000_000 };

describe('invariant 3: chunks are disjoint and cover the plan', () => {
  test('each side of each token with fills is read once over the whole range, whatever counts and options', () => {
    fc.assert(
      fc.property(counts, options, (tokens, chosen) => {
        const plan = makePlan(tokens, chosen, { span });
        checkPlan(plan);
        expect(plan.totals.rows).toBe(tokens.reduce((sum, { buys, sells }) => sum + buys + sells, 0));
        if (chosen.partition === 'time') return;
        // Independent of checkPlan: what all first segments together ask for.
        const asked = new Map<string, number>();
        for (const chunk of plan.chunks) {
          for (const segment of initialSegments(plan, chunk)) {
            expect(segment.tokens?.length).toBeLessThanOrEqual(chosen.maxPackTokens);
            for (const token of segment.tokens ?? []) {
              const key = `${segment.side} ${token} ${segment.range.from}`;
              asked.set(key, (asked.get(key) ?? 0) + 1);
            }
          }
        }
        expect([...asked.values()].every((times) => times === 1)).toBe(true);
        const wanted = tokens.flatMap(({ token, buys, sells }) => [
          ...(buys > 0 ? [`buy ${token}`] : []),
          ...(sells > 0 ? [`sell ${token}`] : []),
        ]);
        const starts = [...asked.keys()].filter((key) => key.endsWith(' null')).map((key) => key.slice(0, -5));
        expect(starts.sort()).toEqual(wanted.sort());
      }),
      { numRuns: 150 },
    );
  });

  test('lanes of small tokens expect less than a page, so that each is answered by one', () => {
    fc.assert(
      fc.property(counts, (tokens) => {
        const plan = makePlan(tokens, OPTIONS);
        for (const chunk of plan.chunks) {
          if (chunk.range.from !== null || chunk.range.to !== null) continue;
          const segments = initialSegments(plan, chunk);
          const rows = segments.reduce((sum, segment) => sum + segment.expected, 0);
          expect(rows).toBe(chunk.buys + chunk.sells);
          for (const { side: which, tokens: held, expected } of segments) {
            const sizes = (held ?? []).map((token) => {
              const count = tokens.find((one) => one.token === token) as TokenCount;
              return which === 'buy' ? count.buys : count.sells;
            });
            // No page is paid for that the tokens' own full pages and one short page do not need.
            const ownPages = sizes.reduce((sum, n) => sum + Math.floor(n / 1000), 0);
            expect(Math.floor(expected / 1000)).toBe(ownPages);
          }
        }
      }),
      { numRuns: 100 },
    );
  });

  test('checkPlan refuses what does not hold', () => {
    const plan = makePlan(makeUniverse({ markets: 300, fills: 90_000, skew: 2.5, buyShare: 0.6, seed: 3 }), OPTIONS);
    checkPlan(plan);
    const broken = (change: Partial<Plan>) => () => checkPlan({ ...plan, ...change });
    expect(broken({ chunks: plan.chunks.slice(1) })).toThrow();
    expect(broken({ chunks: [...plan.chunks, plan.chunks[0] as Plan['chunks'][0]] })).toThrow(/one name/);
    expect(broken({ packs: plan.packs.slice(0, -1) })).toThrow(/no pack/);
    expect(broken({ packs: [{ lanes: [] }, ...plan.packs.slice(1)] })).toThrow();
    expect(broken({ tokens: plan.tokens.slice(1) })).toThrow();
    const [one, two, ...others] = plan.packs as [Plan['packs'][0], Plan['packs'][0], ...Plan['packs'][0][]];
    expect(broken({ packs: [one, { lanes: [...two.lanes, ...one.lanes] }, ...others] })).toThrow(/twice/);
    const [first, ...rest] = plan.chunks as [Plan['chunks'][0], ...Plan['chunks'][0][]];
    expect(broken({ chunks: [{ ...first, range: { axis: 'id', from: null, to: '0x8' } }, ...rest] })).toThrow(/tile/);
  });
});

test('the plan is a pure function of counts: the order of the input does not matter', () => {
  fc.assert(
    fc.property(counts, fc.nat(), (tokens, turn) => {
      const at = tokens.length === 0 ? 0 : turn % tokens.length;
      const turned = [...tokens.slice(at), ...tokens.slice(0, at)].reverse();
      const marketOf = new Map(tokens.map(({ token }) => [token, `0x${token.slice(-1)}`]));
      const [a, b] = [tokens, turned].map((input) => makePlan(input, OPTIONS, { marketOf }));
      expect(b).toEqual(a);
      expect(b?.chunks.map(chunkName)).toEqual(a?.chunks.map(chunkName));
    }),
    { numRuns: 60 },
  );
});

test('options out of range, repeated tokens and a missing span are refused', () => {
  const token = { token: '1', buys: 1, sells: 0, buyMicros: '0', sellMicros: '0' };
  expect(() => makePlan([token], { ...OPTIONS, pageRows: 1001 })).toThrow(/pageRows/);
  expect(() => makePlan([token], { ...OPTIONS, chunkPages: 0 })).toThrow(/chunkPages/);
  expect(() => makePlan([token], { ...OPTIONS, maxPackTokens: 0 })).toThrow(/maxPackTokens/);
  expect(() => makePlan([token, token], OPTIONS)).toThrow(/twice/);
  expect(() => makePlan([token], { ...OPTIONS, partition: 'time' })).toThrow(/span/);
  expect(makePlan([], OPTIONS).chunks).toEqual([]);
});

test('a market is done when the last chunk with any of its fills is done, in whatever order they end', () => {
  const tokens = makeUniverse({ markets: 400, fills: 200_000, skew: 2, buyShare: 0.6, seed: 11 });
  const conditions = new Map(tokens.map(({ token }, i) => [token, `0x${(i >> 1).toString(16).padStart(64, '0')}`]));
  const plan = makePlan(tokens, OPTIONS, { marketOf: conditions });
  const progress = new MarketProgress(
    plan,
    plan.tokens.map(({ token }) => conditions.get(token) as string),
  );
  const markets = new Set(plan.tokens.map(({ token }) => conditions.get(token)));
  expect(progress.total).toBe(markets.size);
  let completed = 0;
  for (let i = plan.chunks.length - 1; i >= 0; i--) {
    expect(progress.done).toBeLessThan(progress.total);
    completed += progress.chunkDone(i);
    expect(progress.chunkDone(i)).toBe(0);
  }
  expect(completed).toBe(progress.total);
  expect(() => progress.chunkDone(plan.chunks.length)).toThrow(RangeError);
});
