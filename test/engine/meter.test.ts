import { expect, test } from 'vitest';
import { Meter, type RateLimit } from '../../src/engine/meter.js';

function makeMeter(cores = 2) {
  let now = { atMs: 0, rows: 0, requests: 0, sourceMs: 0, targetMs: 0, cpuMs: 0 };
  const meter = new Meter(cores, now);
  /** A second in which so much was done. */
  const second = (
    rows: number,
    requests: number,
    spent: { sourceMs: number; targetMs: number },
    cpuMs = 100,
    limit: RateLimit = unlimited,
  ) => {
    now = {
      atMs: now.atMs + 1000,
      rows: now.rows + rows,
      requests: now.requests + requests,
      sourceMs: now.sourceMs + spent.sourceMs,
      targetMs: now.targetMs + spent.targetMs,
      cpuMs: now.cpuMs + cpuMs,
    };
    meter.sample(now, limit);
  };
  return { meter, second };
}

const unlimited = { rps: 1e6, maxRps: 1e6, paused: false };

test('the pace is that of the last quarter of a minute, and the ETA follows from it', () => {
  const { meter, second } = makeMeter();
  for (let i = 0; i < 60; i++) second(100_000, 100, { sourceMs: 500, targetMs: 100 });
  for (let i = 0; i < 16; i++) second(1000, 2, { sourceMs: 500, targetMs: 100 });
  const pace = meter.pace(30_000);
  expect(pace.rowsPerS).toBeCloseTo(1000);
  expect(pace.requestsPerS).toBeCloseTo(2);
  expect(pace.etaMs).toBeCloseTo(30_000);
});

test('before the first rows, and where nobody knows how many there are, the ETA is unknown, not zero', () => {
  const { meter, second } = makeMeter();
  expect(meter.pace(1000)).toMatchObject({ rowsPerS: 0, etaMs: Number.POSITIVE_INFINITY });
  second(1000, 1, { sourceMs: 1, targetMs: 1 });
  expect(meter.pace(null)).toMatchObject({ rowsPerS: 1000, etaMs: Number.POSITIVE_INFINITY });
});

test.each([
  ['source', { sourceMs: 900, targetMs: 100 }, 100, unlimited],
  ['target', { sourceMs: 100, targetMs: 900 }, 100, unlimited],
  ['CPU', { sourceMs: 900, targetMs: 100 }, 1900, unlimited],
  ['rate limit', { sourceMs: 900, targetMs: 100 }, 100, { rps: 10, maxRps: 10, paused: false }],
  ['throttled', { sourceMs: 900, targetMs: 100 }, 100, { rps: 10, maxRps: 75, paused: false }],
  ['throttled', { sourceMs: 900, targetMs: 100 }, 100, { rps: 75, maxRps: 75, paused: true }],
])('what bounds the run: %s', (bound, spent, cpuMs, limit) => {
  const { meter, second } = makeMeter();
  for (let i = 0; i < 5; i++) second(1000, 10, spent, cpuMs, limit);
  expect(meter.pace(1).bound).toBe(bound);
});

test('requests of before a pause and the rate of after it do not make a throttled run look bound by the source', () => {
  const { meter, second } = makeMeter();
  const spent = { sourceMs: 900, targetMs: 100 };
  for (let i = 0; i < 5; i++) second(1000, 20, spent, 100, { rps: 20, maxRps: 75, paused: false });
  for (let i = 0; i < 5; i++) second(0, 0, spent, 100, { rps: 20, maxRps: 75, paused: true });
  for (let i = 0; i < 3; i++) second(1000, 24, spent, 100, { rps: 24, maxRps: 75, paused: false });
  expect(meter.pace(1).bound).toBe('throttled');
});
