import { expect, test } from 'vitest';
import { Meter, type RateLimit } from '../../src/engine/meter.js';

function makeMeter(cores = 2) {
  const clock = { ms: 0, cpuMs: 0 };
  const meter = new Meter(
    () => clock.ms,
    () => clock.cpuMs,
    cores,
  );
  /** A second in which so much was done. */
  const second = (
    rows: number,
    requests: number,
    spent: { sourceMs: number; targetMs: number },
    cpuMs = 100,
    limit: RateLimit = unlimited,
  ) => {
    clock.ms += 1000;
    clock.cpuMs += cpuMs;
    meter.add({ rows, pages: requests, requests, spent: { ...spent, decodeMs: 1 }, failure: null });
    state.requests += requests;
    meter.sample(state.requests, limit);
  };
  const state = { requests: 0 };
  return { meter, second };
}

const unlimited = { rps: 1e6, maxRps: 1e6, paused: false };

test('sums are those of all attempts; a failed one is a retry', () => {
  const { meter } = makeMeter();
  const spent = { sourceMs: 5, decodeMs: 2, targetMs: 3 };
  meter.add({ rows: 10, pages: 2, requests: 1, spent, failure: null });
  meter.add({ rows: 0, pages: 0, requests: 1, spent, failure: { kind: 'transient', code: 'http_5xx', message: '' } });
  expect(meter.totals).toEqual({ rows: 10, pages: 2, requests: 2, retries: 1, sourceMs: 10, decodeMs: 4, targetMs: 6 });
});

test('the pace is that of the last quarter of a minute, and the ETA follows from it', () => {
  const { meter, second } = makeMeter();
  for (let i = 0; i < 60; i++) second(100_000, 100, { sourceMs: 500, targetMs: 100 });
  for (let i = 0; i < 16; i++) second(1000, 2, { sourceMs: 500, targetMs: 100 });
  const pace = meter.pace(30_000);
  expect(pace.rowsPerS).toBeCloseTo(1000);
  expect(pace.requestsPerS).toBeCloseTo(2);
  expect(pace.etaMs).toBeCloseTo(30_000);
});

test('before the first rows the ETA is unknown, not zero', () => {
  const { meter } = makeMeter();
  expect(meter.pace(1000)).toMatchObject({ rowsPerS: 0, etaMs: Number.POSITIVE_INFINITY });
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
