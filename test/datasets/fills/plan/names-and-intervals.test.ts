import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { chunkName, parseChunkName } from '../../../../src/datasets/fills/plan/chunk-name.js';
import {
  addInterval,
  contains,
  difference,
  fromNumbers,
  type IntervalSet,
  normalize,
  numbers,
  size,
  union,
} from '../../../../src/run/intervals.js';

describe('chunk names', () => {
  const bound = (axis: 'id' | 'time') =>
    axis === 'id'
      ? fc.bigInt({ min: 0n, max: (1n << 64n) - 1n }).map((n) => `0x${n.toString(16)}`)
      : fc.nat().map((seconds) => String(seconds));
  const key = fc.constantFrom('id' as const, 'time' as const).chain((axis) =>
    fc.record({
      pack: fc.option(fc.integer({ min: 0, max: 999_999 })),
      range: fc.record({ axis: fc.constant(axis), from: fc.option(bound(axis)), to: fc.option(bound(axis)) }),
    }),
  );

  test('round-trip: parse(print(chunk)) is the chunk, or its range was empty', () => {
    fc.assert(
      fc.property(key, (chunk) => {
        const { axis, from, to } = chunk.range;
        const empty = from !== null && to !== null && (axis === 'id' ? from >= to : Number(from) >= Number(to));
        expect(parseChunkName(chunkName(chunk))).toEqual(empty ? null : chunk);
      }),
      { numRuns: 300 },
    );
  });

  test('whatever parses prints as it was', () => {
    const almost = fc.stringMatching(/^(\*|\d{0,3}):(id|time|ID)?:[0-9a-fx]{0,6}\.{1,3}[0-9a-fxA-F:]{0,6}$/);
    fc.assert(
      fc.property(fc.oneof(almost, fc.string()), (name) => {
        const parsed = parseChunkName(name);
        if (parsed !== null) expect(chunkName(parsed)).toBe(name);
      }),
      { numRuns: 2000 },
    );
  });

  test.each([
    '',
    '1',
    '01:id:..',
    '-1:id:..',
    '1:id:',
    '1:id:0x8..0x4',
    '1:id:4..8',
    '1:time:0x4..',
    '1:time:7..7',
    '1:time:07..8',
    '*:both:..',
    '1:id:0xA..',
  ])('refuses %j', (name) => expect(parseChunkName(name)).toBeNull());
});

describe('interval sets', () => {
  const set = fc.array(
    fc.tuple(fc.nat(60), fc.nat(60)).map(([a, n]) => [a, a + (n % 12)] as const),
    { maxLength: 12 },
  );
  const asSet = (intervals: IntervalSet) => new Set(numbers(normalize(intervals)));

  test('union, difference and size are those of the sets of numbers', () => {
    fc.assert(
      fc.property(set, set, (a, b) => {
        const [x, y] = [asSet(a), asSet(b)];
        expect(new Set(numbers(union(a, b)))).toEqual(new Set([...x, ...y]));
        expect(new Set(numbers(difference(a, b)))).toEqual(new Set([...x].filter((n) => !y.has(n))));
        expect(size(a)).toBe(x.size);
        for (let n = 0; n < 75; n++) expect(contains(normalize(a), n)).toBe(x.has(n));
      }),
      { numRuns: 500 },
    );
  });

  test('normal form is ascending, disjoint, not touching', () => {
    fc.assert(
      fc.property(set, (a) => {
        const normal = normalize(a);
        for (let i = 1; i < normal.length; i++)
          expect((normal[i - 1]?.[1] as number) < (normal[i]?.[0] as number)).toBe(true);
        expect(normalize(normal)).toEqual(normal);
      }),
    );
    expect(fromNumbers([3, 1, 2, 7])).toEqual([
      [1, 4],
      [7, 8],
    ]);
    expect(addInterval([[0, 2]], [2, 3])).toEqual([[0, 3]]);
    expect(() => normalize([[0, Number.NaN]])).toThrow(RangeError);
  });
});
