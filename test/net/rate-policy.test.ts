import { describe, expect, test } from 'vitest';
import {
  afterDoubt,
  afterThrottle,
  climb,
  judge,
  type RateState,
  resumeLater,
  type Seen,
  startRate,
} from '../../src/net/rate-policy.js';
import { seeded } from '../datasets/fills/plan/universe.js';
import { figuresOf, runVirtualLoad } from './virtual-load.js';

const KINDS = ['window', 'bucket'] as const;
const load = { maxRps: 250, workers: 128, latencyMs: 200, minutes: 10 };

describe.each(KINDS)('a source that allows R requests a second, counted by %s, met with --rps 250', (kind) => {
  test.each([5, 20, 60, 100, 200])('R = %i: at least 0.9 R served, less than 0.02 of the requests refused', (rps) => {
    const figures = figuresOf(runVirtualLoad({ ...load, source: { kind, rps } }));
    expect(figures.servedShare).toBeGreaterThan(0.9);
    expect(figures.refusedShare).toBeLessThan(0.02);
  });

  test.each([
    [200, 5],
    [100, 20],
    [100, 60],
  ])('R falls from %i to %i in the middle: at least 0.9 R served, less than 0.02 refused', (before, after) => {
    const minutes = runVirtualLoad({ ...load, source: { kind, rps: before }, changes: [{ atMinute: 5, rps: after }] });
    for (const part of [minutes, minutes.slice(5)]) expect(figuresOf(part).servedShare).toBeGreaterThan(0.9);
    expect(figuresOf(minutes).refusedShare).toBeLessThan(0.02);
  });

  test.each([
    [60, 100],
    [20, 100],
    [5, 200],
  ])('R rises from %i to %i in the middle: found within three minutes, less than 0.02 refused', (before, after) => {
    const minutes = runVirtualLoad({ ...load, source: { kind, rps: before }, changes: [{ atMinute: 5, rps: after }] });
    expect(figuresOf(minutes.slice(8)).servedShare).toBeGreaterThan(0.9);
    expect(figuresOf(minutes).refusedShare).toBeLessThan(0.02);
  });
});

test.each([5, 20, 60, 100, 200])(
  'R = %i, "Retry-After: 10" whatever is left of the window: at least 0.85 R served',
  (rps) => {
    const figures = figuresOf(runVirtualLoad({ ...load, source: { kind: 'window', rps, retryAfter: 10 } }));
    expect(figures.servedShare).toBeGreaterThan(0.85);
    expect(figures.refusedShare).toBeLessThan(0.02);
  },
);

test.each([5, 20, 60, 100, 200])('R = %i, refusals that do not say how long to wait: two thirds of R', (rps) => {
  const figures = figuresOf(runVirtualLoad({ ...load, source: { kind: 'window', rps, retryAfter: 'none' } }));
  expect(figures.servedShare).toBeGreaterThan(0.66);
  expect(figures.refusedShare).toBeLessThan(0.03);
});

test('an unlimited source is asked at the full rate within seconds', () => {
  const [first] = runVirtualLoad({ ...load, minutes: 1, source: { rps: 1e9 } });
  expect(first?.served).toBeGreaterThan(250 * 55);
});

/** Whether the nth request is refused: so large a share of the first twenty, then another. */
function hiccups(seed: number, early: number, later: number): (nth: number) => boolean {
  const random = seeded(seed);
  return (nth) => random() < (nth < 20 ? early : later);
}

describe.each([1, 2, 3, 4, 5, 6])('refusals that say nothing and have nothing to do with the rate, seed %i', (seed) => {
  const free = { ...load, maxRps: 100, source: { rps: 1e9 } };

  test('one in a hundred: most of --rps 100 all the same', () => {
    const minutes = runVirtualLoad({ ...free, hiccup: hiccups(seed, 0.01, 0.01) });
    for (const { served } of minutes) expect(served).toBeGreaterThan(60 * 60);
  });

  test('one in fifty: more than half of --rps 100', () => {
    const minutes = runVirtualLoad({ ...free, hiccup: hiccups(seed, 0.02, 0.02) });
    expect(figuresOf(minutes).served).toBeGreaterThan(50 * 600);
  });

  test('a third of the first twenty: at the full rate in the fourth minute', () => {
    const minutes = runVirtualLoad({ ...free, minutes: 4, hiccup: hiccups(seed, 0.3, 0) });
    expect(minutes[3]?.served).toBeGreaterThan(90 * 60);
  });
});

test('refusals that say nothing are hiccups once eight were answered for each, a limit when few were', () => {
  const state = startRate(250, 0);
  const paused = seen({ nowMs: 5000, answered: 300, refused: 3, pausedForMs: 700 });
  expect(judge(state, paused, { answered: 24, refused: 3, ms: 300 })).toBe('hiccup');
  expect(judge(state, paused, { answered: 2, refused: 3, ms: 300 })).toBe('limit');
  expect(judge(state, paused, { answered: 2, refused: 1, ms: 300 })).toBe('open');
  expect(judge(state, paused, { answered: 500, refused: 100, ms: 14_000 })).toBe('open');
  expect(judge(state, paused, { answered: 500, refused: 100, ms: 16_000 })).toBe('limit');
});

test('after a hiccup the climb goes on where it was', () => {
  const before = climb(startRate(250, 0), 1000);
  const after = afterDoubt(before, seen({ nowMs: 1500, answered: 40, refused: 1, pausedForMs: 500 }), 500, 1);
  expect(climb(after, 1500).rps).toBeCloseTo(before.rps);
});

const seen = (over: Partial<Seen>): Seen => ({
  nowMs: 0,
  answered: 0,
  refused: 0,
  untold: 0,
  pausedForMs: 0,
  sentRps: Number.POSITIVE_INFINITY,
  ...over,
});

test('the rate doubles every second from a fraction of the limit, and never exceeds it', () => {
  const start = startRate(250, 1000);
  expect(start.rps).toBe(31.25);
  expect(climb(start, 2000).rps).toBe(62.5);
  expect(climb(start, 60_000).rps).toBe(250);
  expect(startRate(5, 0).rps).toBe(5);
});

test("the first throttle tells the limit: what was served, over the time until the source's window ends", () => {
  const state = afterThrottle(startRate(250, 0), seen({ nowMs: 2000, answered: 200, refused: 30, pausedForMs: 8000 }));
  expect(state.resumedAtMs).toBe(10_000);
  expect(state.rps).toBeCloseTo(20 * 0.95);
});

test('answers that come in during the pause correct what the throttle told', () => {
  let state = afterThrottle(startRate(250, 0), seen({ nowMs: 2000, answered: 200, refused: 30, pausedForMs: 8000 }));
  state = resumeLater(state, seen({ nowMs: 2500, answered: 300, refused: 60, pausedForMs: 7500 }));
  expect(state.rps).toBeCloseTo(30 * 0.95);
  expect(state).toMatchObject({ answeredAtResume: 300, refusedAtResume: 60 });
});

test('a source that is still refusing after the pause is given twice as long', () => {
  let state = afterThrottle(startRate(250, 0), seen({ nowMs: 2000, answered: 200, refused: 30, pausedForMs: 1000 }));
  const pauses: number[] = [];
  for (let i = 0; i < 4; i++) {
    const nowMs = state.resumedAtMs + 100;
    state = afterThrottle(state, seen({ nowMs, answered: 200, refused: 31 + i, pausedForMs: 1000 }));
    pauses.push(state.resumedAtMs - nowMs);
  }
  for (const [i, pause] of pauses.entries()) expect(pause).toBeGreaterThan((pauses[i - 1] ?? 500) * 1.5);
});

test('a rate is never 0, however little is served', () => {
  let state: RateState = startRate(250, 0);
  for (let i = 1; i < 50; i++) {
    state = afterThrottle(
      state,
      seen({ nowMs: state.resumedAtMs + 1000, answered: i * 2, refused: i, pausedForMs: 600_000 }),
    );
    expect(state.rps).toBeGreaterThan(0);
    expect(state.rps).toBeLessThanOrEqual(250);
  }
});
