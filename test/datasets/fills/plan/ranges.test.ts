import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { ID_SPACE, idBoundary, idPosition } from '../../../../src/core/id-space.js';
import type { Range } from '../../../../src/datasets/fills/plan/chunk.js';
import {
  boundAhead,
  isSingleSecond,
  rangeContains,
  shareAfter,
  splitRange,
  tiles,
  wholeRange,
} from '../../../../src/datasets/fills/plan/ranges.js';

const hexId = fc.stringMatching(/^0x[0-9a-f]{64}_0x[0-9a-f]{64}$/);
/** Ids as they are, prefixes of them, and things that no source should ever serve. */
const anyId = fc.oneof(hexId, fc.stringMatching(/^0x[0-9a-fA-Fg-z:_-]{0,20}$/), fc.string({ unit: 'grapheme-ascii' }));

describe('ids as places', () => {
  test('places never decrease along the order of ids', () => {
    fc.assert(
      fc.property(anyId, anyId, (a, b) => {
        const [low, high] = a <= b ? [a, b] : [b, a];
        expect(idPosition(low) <= idPosition(high)).toBe(true);
      }),
      { numRuns: 2000 },
    );
  });

  test('a boundary is the first id at its place', () => {
    fc.assert(
      fc.property(fc.bigInt({ min: 1n, max: ID_SPACE - 1n }), hexId, (position, id) => {
        const boundary = idBoundary(position);
        expect(idPosition(boundary)).toBe(position);
        expect(id >= boundary).toBe(idPosition(id) >= position);
      }),
    );
    expect(idBoundary(1n << 62n)).toBe('0x4');
    expect(() => idBoundary(0n)).toThrow(RangeError);
    expect(() => idBoundary(ID_SPACE)).toThrow(RangeError);
  });
});

describe('splitting', () => {
  test('parts of the whole hold every id exactly once, also ids that are no hashes', () => {
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 300 }), fc.array(anyId, { maxLength: 50 }), (n, ids) => {
        const parts = splitRange(wholeRange('id'), n);
        expect(parts).toHaveLength(n);
        expect(tiles(wholeRange('id'), parts)).toBe(true);
        for (const id of ids) expect(parts.filter((part) => rangeContains(part, id))).toHaveLength(1);
      }),
    );
  });

  test('parts split again still tile, whatever the cursor', () => {
    fc.assert(
      fc.property(
        fc.integer({ min: 2, max: 40 }),
        fc.nat(),
        fc.integer({ min: 2, max: 9 }),
        hexId,
        (n, pick, m, cursor) => {
          const parts = splitRange(wholeRange('id'), n);
          const part = parts[pick % n] as Range;
          const at = rangeContains(part, cursor) ? cursor : null;
          const finer = splitRange(part, m, at);
          expect(tiles(part, finer)).toBe(true);
          // Nothing but the first part may lie before the cursor.
          if (at !== null) for (const later of finer.slice(1)) expect((later.from as string) > at).toBe(true);
        },
      ),
    );
  });

  test('time splits by seconds and stops at a single one', () => {
    const range: Range = { axis: 'time', from: '1700000000', to: '1700000003' };
    const parts = splitRange(range, 10);
    expect(parts.map(({ from, to }) => `${from}..${to}`)).toEqual([
      '1700000000..1700000001',
      '1700000001..1700000002',
      '1700000002..1700000003',
    ]);
    expect(tiles(range, parts)).toBe(true);
    expect(parts.every(isSingleSecond)).toBe(true);
    expect(splitRange({ axis: 'time', from: null, to: '5' }, 4)).toHaveLength(1);
  });

  test('a range too narrow to cut stays whole', () => {
    const range: Range = { axis: 'id', from: '0x4000000000000000', to: '0x4000000000000001' };
    expect(splitRange(range, 8)).toEqual([range]);
  });
});

test('tiles refuses gaps, overlaps and missing ends', () => {
  const whole = wholeRange('id');
  const part = (from: string | null, to: string | null): Range => ({ axis: 'id', from, to });
  expect(tiles(whole, [part('0x8', null), part(null, '0x8')])).toBe(true);
  expect(tiles(whole, [part(null, '0x8'), part('0x9', null)])).toBe(false);
  expect(tiles(whole, [part(null, '0x8'), part('0x7', null)])).toBe(false);
  expect(tiles(whole, [part(null, '0x8')])).toBe(false);
  expect(tiles(whole, [part(null, null), part(null, null)])).toBe(false);
  expect(tiles(whole, [])).toBe(false);
});

test('shares and bounds ahead agree with the width of the hex space', () => {
  const range: Range = { axis: 'id', from: '0x4', to: '0x8' };
  expect(shareAfter(range, null)).toBe(1);
  expect(shareAfter(range, '0x6')).toBeCloseTo(0.5, 5);
  expect(shareAfter(range, '0x7fff')).toBeLessThan(0.001);
  expect(boundAhead(range, '0x6', 0.5)).toBe('0x7');
  expect(boundAhead(range, null, 0.25)).toBe('0x5');
  expect(boundAhead(range, null, 1)).toBeNull();
});
