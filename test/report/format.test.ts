import { expect, test } from 'vitest';
import type { LoadFigures } from '../../src/report/figures.js';
import { formatBytes, formatCount, formatDuration, formatEta, formatMicros } from '../../src/report/format.js';
import { renderBlock } from '../../src/report/progress.js';
import { renderFacts, renderTable } from '../../src/report/table.js';

test.each<[number | bigint, string]>([
  [0, '0'],
  [999, '999'],
  [1000, '1,000'],
  [37_300_000, '37,300,000'],
  [2n ** 64n, '18,446,744,073,709,551,616'],
  [-1234, '-1,234'],
])('%s is shown as %s', (n, text) => {
  expect(formatCount(n)).toBe(text);
});

test.each<[bigint, string]>([
  [0n, '0.000000'],
  [33_894_328_603n, '33,894.328603'],
  [-7n, '-0.000007'],
  [-1_500_000n, '-1.500000'],
])('%s micro-units are shown as %s', (micros, text) => {
  expect(formatMicros(micros)).toBe(text);
});

test.each([
  [0, '0 ms'],
  [999, '999 ms'],
  [1000, '1.0 s'],
  [59_940, '59.9 s'],
  [60_000, '1 min 0 s'],
  [225_000, '3 min 45 s'],
  [3_600_000, '1 h 0 min'],
  [9 * 3_600_000 + 61_000, '9 h 1 min'],
])('%i ms are shown as %s', (ms, text) => {
  expect(formatDuration(ms)).toBe(text);
});

test('bytes keep two digits at least', () => {
  expect([0, 999, 1500, 697_000_000, 3_600_000_000].map(formatBytes)).toEqual([
    '0 B',
    '999 B',
    '1.5 KB',
    '697 MB',
    '3.6 GB',
  ]);
});

test('an ETA that is not known says so', () => {
  expect(formatEta(Number.POSITIVE_INFINITY)).toBe('unknown');
  expect(formatEta(65_000)).toBe('1 min 5 s');
});

const figures: LoadFigures = {
  name: 'fills',
  rows: 250,
  pendingRows: 0,
  rowsInAll: 250,
  expectedRows: 1000,
  requests: 1,
  throttled: 0,
  retries: 0,
  wallMs: 1,
  cpuMs: 1,
  sourceMs: 1,
  decodeMs: 1,
  targetMs: 1,
  pace: { rowsPerS: 1234.5, requestsPerS: 7.25, etaMs: 65_000, bound: 'source' },
  rps: 75,
  loading: [],
  inFlight: 16,
  setAside: 0,
};

test('the live block shows how far, how fast, until when, and what bounds it', () => {
  const block = renderBlock(figures);
  expect(block).toContain('25.0 %');
  expect(block).toContain('250 of 1,000 rows');
  expect(block).toContain('1,235 rows/s');
  expect(block).toContain('7.3 requests/s of 75');
  expect(block).toContain('ETA 1 min 5 s · bound by source');
  expect(block).not.toContain('set aside');
  expect(renderBlock({ ...figures, setAside: 2 })).toContain('2 chunks set aside');
});

test('the bar never leaves its frame: more rows than counted, or none at all', () => {
  for (const [done, expected] of [
    [2000, 1000],
    [0, 0],
  ] as const) {
    const block = renderBlock({ ...figures, rowsInAll: done, expectedRows: expected });
    expect(block).toContain('100.0 %');
    expect(block.match(/[█░]/g)).toHaveLength(32);
  }
});

test('of a load whose rows nobody can foretell, the block says how many there are, without a bar', () => {
  const block = renderBlock({ ...figures, expectedRows: null });
  expect(block).toContain('fills  250 rows');
  expect(block).not.toMatch(/[█░%]/);
});

test('tables and facts are plain text in columns', () => {
  expect(
    renderFacts([
      ['a', '1'],
      ['long', '2'],
    ]),
  ).toBe('  a     1\n  long  2');
  const lines = renderTable(
    ['name', 'n'],
    [
      ['x', '1'],
      ['yy', '100'],
    ],
    [1],
  )
    .split('\n')
    .filter((line) => line !== '');
  expect(lines).toHaveLength(3);
  expect(lines[1]).toMatch(/x +1$/);
  expect(lines[2]).toMatch(/yy +100$/);
  expect(lines.join('')).not.toContain(String.fromCharCode(27));
});
