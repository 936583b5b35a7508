import { expect, it } from 'vitest';
import { instantOf, instantOfMs } from '../../src/core/instant.js';

it.each([
  ['2026-03-11T09:29:01.328428Z', '2026-03-11 09:29:01.328428'],
  ['2026-06-20T11:22:40.8969Z', '2026-06-20 11:22:40.896900'],
  ['2099-08-01T04:59:00Z', '2099-08-01 04:59:00.000000'],
  ['2026-01-01 07:30:39+00', '2026-01-01 07:30:39.000000'],
  ['2024-07-18 00:10:37.491895+00', '2024-07-18 00:10:37.491895'],
  ['2026-01-01T00:00:00-05:00', '2026-01-01 05:00:00.000000'],
])('%s', (text, shown) => {
  expect(instantOf(text)).toBe(shown);
});

it('no time is null, never 1970', () => {
  expect(['', '0001-01-01T00:00:00Z', '9999-12-31T23:59:59Z'].map(instantOf)).toEqual([null, null, null]);
  expect(instantOfMs(0)).toBeNull();
});

it('what is no time is told apart from no time', () => {
  expect(['NOW*()', '2026-02-30T00:00:00Z', '2026-03-12'].map(instantOf)).toEqual([undefined, undefined, undefined]);
});

it('milliseconds keep their fraction', () => {
  expect(instantOfMs(1_781_289_337_944)).toBe('2026-06-12 18:35:37.944000');
});
