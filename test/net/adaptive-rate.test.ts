import { describe, expect, test } from 'vitest';
import { AdaptiveRate } from '../../src/net/adaptive-rate.js';
import { seeded } from '../datasets/fills/plan/universe.js';
import { figuresOf, runVirtualLoad } from './virtual-load.js';

const KINDS = ['window', 'sliding', 'bucket'] as const;
const load = { maxRps: 250, workers: 128, latencyMs: 200, minutes: 10 };

describe.each(KINDS)('a host that allows R requests a second, counted by %s, met with --rps 250', (kind) => {
  test.each([5, 60, 200])(
    'R = %i: at least 0.9 R served, at most 0.02 refused, with Retry-After and without',
    (rps) => {
      for (const retryAfter of ['left', 'none', ...(kind === 'bucket' ? [] : [10])] as const) {
        const figures = figuresOf(runVirtualLoad({ ...load, source: { kind, rps, retryAfter } }));
        expect(figures.servedShare, `Retry-After: ${retryAfter}`).toBeGreaterThan(0.9);
        expect(figures.refusedShare, `Retry-After: ${retryAfter}`).toBeLessThan(0.02);
      }
    },
  );
});

describe.each(['window', 'bucket'] as const)('a host whose limit changes after five minutes, counted by %s', (kind) => {
  test.each([
    [200, 5],
    [100, 20],
  ])('R falls from %i to %i: at least 0.9 R served, less than 0.02 refused', (before, after) => {
    const minutes = runVirtualLoad({ ...load, source: { kind, rps: before }, changes: [{ atMinute: 5, rps: after }] });
    for (const part of [minutes, minutes.slice(5)]) expect(figuresOf(part).servedShare).toBeGreaterThan(0.9);
    expect(figuresOf(minutes).refusedShare).toBeLessThan(0.02);
  });

  test.each([
    [20, 100],
    [5, 200],
  ])('R rises from %i to %i: found within five minutes, less than 0.02 refused', (before, after) => {
    const changes = [{ atMinute: 5, rps: after }];
    const minutes = runVirtualLoad({ ...load, minutes: 12, source: { kind, rps: before }, changes });
    expect(figuresOf(minutes.slice(10)).servedShare).toBeGreaterThan(0.9);
    expect(figuresOf(minutes).refusedShare).toBeLessThan(0.02);
  });
});

test('a host that is told no rate is asked at the full rate within seconds', () => {
  const [first] = runVirtualLoad({ ...load, minutes: 1, source: { rps: 1e9 } });
  expect(first?.served).toBeGreaterThan(250 * 53);
});

describe('refusals that do not depend on the rate cost at most a quarter more time, at the length of a full run', () => {
  /** 19,000 requests are the whole tape at --rps 75; at 1,000 a second ten minutes are 600,000. */
  test.each([
    [10, 1],
    [75, 1],
    [75, 10],
    [250, 1],
    [1000, 1],
    [75, undefined],
  ])('--rps %i, Retry-After: %s', (maxRps, hiccupRetryAfterSeconds) => {
    for (const share of [1 / 300, 1 / 100, 1 / 80]) {
      const random = seeded(7);
      const minutes = runVirtualLoad({
        ...load,
        workers: 256,
        maxRps,
        source: { rps: 1e9 },
        hiccup: () => random() < share,
        ...(hiccupRetryAfterSeconds === undefined ? {} : { hiccupRetryAfterSeconds }),
      });
      expect(figuresOf(minutes).served, `one in ${1 / share}`).toBeGreaterThan((600 * maxRps) / 1.25);
      // No ratchet: the last minutes are as good as the others.
      expect(figuresOf(minutes.slice(-3)).served, `one in ${1 / share}`).toBeGreaterThan((180 * maxRps) / 1.25);
    }
  });
});

test('a third of the first twenty refused: at the full rate in the second minute', () => {
  const random = seeded(3);
  const hiccup = (nth: number) => nth < 20 && random() < 0.3;
  const minutes = runVirtualLoad({ ...load, maxRps: 100, minutes: 2, source: { rps: 1e9 }, hiccup });
  expect(minutes[1]?.served).toBeGreaterThan(95 * 60);
});

test('a host that refuses everything without a word is asked ever more seldom, and once a minute at least', () => {
  const minutes = runVirtualLoad({ ...load, maxRps: 20, source: { rps: 0.0001, retryAfter: 'none' } });
  expect(minutes.at(-1)?.refused).toBeGreaterThan(0);
  expect(minutes.at(-1)?.refused).toBeLessThan(20);
});

test('in one process: acquire waits for the pause, and goes on after it', async () => {
  const rate = new AdaptiveRate(1000);
  const startedAt = performance.now();
  await rate.acquire();
  while (rate.cell.pauses === 0) rate.refused(300);
  await rate.acquire();
  expect(performance.now() - startedAt).toBeGreaterThanOrEqual(299);
  await expect(rate.acquire(AbortSignal.abort(new Error('the run stops')))).rejects.toThrow('the run stops');
  rate.close();
});
