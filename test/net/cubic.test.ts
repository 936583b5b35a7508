import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { decrease, rateAt, slowStart } from '../../src/net/cubic.js';
import { rateCurveSvg } from './rate-curve.js';

test('slow start doubles every second, up to the limit of the user', () => {
  const start = slowStart(75, 1000);
  expect(rateAt(start, 1000)).toBe(10);
  expect(rateAt(start, 3000)).toBe(40);
  expect(rateAt(start, 60_000)).toBe(75);
  expect(rateAt(slowStart(5, 0), 0)).toBe(5);
});

test('after a throttle: 0.9 of what was served at once, flat around it after K, doubling every 5 s after 2 K', () => {
  const first = decrease(slowStart(1000, 0), 100, 1000, 10_000);
  expect(first).toMatchObject({ wMax: 98, kMs: 5000 });
  expect(rateAt(first, 10_000)).toBeCloseTo(0.9 * 98);
  expect(rateAt(first, 15_000)).toBeCloseTo(98);
  expect(rateAt(first, 20_000)).toBeCloseTo(1.1 * 98);
  expect(rateAt(first, 25_000)).toBeCloseTo(2.2 * 98);
});

test('a limit that is met where it was met before is tried less often: the more seldom, the longer its pause', () => {
  const first = decrease(slowStart(1000, 0), 100, 1000, 10_000);
  expect(decrease(first, 95, 1000, 20_000).kMs).toBe(30_000);
  expect(decrease(first, 95, 10_000, 20_000).kMs).toBe(200_000);
  expect(decrease(first, 50, 10_000, 20_000).kMs).toBe(5000);
});

test('the rate never is 0, whatever was served', () => {
  const none = decrease(slowStart(1000, 0), 0, 1000, 1000);
  expect(rateAt(none, 1000)).toBe(0.2);
});

test('docs/rate.svg shows the curve as it is: npm run docs:rate draws it anew', () => {
  expect(readFileSync(new URL('../../docs/rate.svg', import.meta.url), 'utf8')).toBe(rateCurveSvg());
});
