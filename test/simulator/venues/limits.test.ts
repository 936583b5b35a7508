import { setTimeout } from 'node:timers/promises';
import { describe, expect, test } from 'vitest';
import type { Asked } from '../../../src/simulator/venues/http/host.js';
import {
  BucketLimiter,
  DelayingLimiter,
  type Entry,
  GapLimiter,
  MinuteLimiter,
} from '../../../src/simulator/venues/http/limits.js';
import { startVenues } from '../../../src/simulator/venues/server.js';
import { get, venuesFor } from './ask.js';

const asked = { method: 'GET', path: '', search: '', query: new URLSearchParams(), body: '', headers: {} } as Asked;
const refusal = () => ({ status: 429, body: '' });
const kind = (entry: Entry) => ('refusal' in entry ? 'refused' : entry.delayMs > 0 ? Math.round(entry.delayMs) : 'now');

describe('by a clock of their own', () => {
  test('a throttle that delays: over the window a request waits its turn, only a long queue is refused', () => {
    let now = 0;
    const limiter = new DelayingLimiter(
      [{ requests: 10 }, { endpoints: ['/markets'], requests: 3 }],
      1,
      5_000,
      () => now,
    );
    expect(Array.from({ length: 3 }, () => kind(limiter.enter('/markets')))).toEqual(['now', 'now', 'now']);
    now = 6_000;
    expect(kind(limiter.enter('/markets'))).toBe(4_000);
    expect(kind(limiter.enter('/other'))).toBe('now');
    now = 7_000;
    expect([kind(limiter.enter('/markets')), kind(limiter.enter('/markets')), kind(limiter.enter('/markets'))]).toEqual(
      [3_000, 3_000, 'refused'],
    );
  });

  test('a bucket refuses what does not fit and fills steadily', () => {
    let now = 0;
    const limiter = new BucketLimiter(
      () => 10,
      2,
      refusal,
      () => now,
    );
    const enter = () => kind(limiter.enter('', asked));
    expect([enter(), enter(), enter()]).toEqual(['now', 'now', 'refused']);
    now = 99;
    expect(enter()).toBe('refused');
    now = 100;
    expect([enter(), enter()]).toEqual(['now', 'refused']);
  });

  test('two at once with a gap between starts', () => {
    let now = 0;
    const limiter = new GapLimiter(2, 300, refusal, () => now);
    expect([kind(limiter.enter()), kind(limiter.enter()), kind(limiter.enter())]).toEqual(['now', 'now', 'refused']);
    limiter.leave();
    limiter.leave();
    expect(kind(limiter.enter())).toBe('refused');
    now = 300;
    expect(kind(limiter.enter())).toBe('now');
  });

  test('so many a minute, and anew in the next', () => {
    let now = 59_000;
    const limiter = new MinuteLimiter(2, refusal, () => now);
    expect([kind(limiter.enter()), kind(limiter.enter()), kind(limiter.enter())]).toEqual(['now', 'now', 'refused']);
    now = 60_000;
    expect(kind(limiter.enter())).toBe('now');
  });
});

// A hundredth of the published rates: after the first requests nothing is free for seconds, however slow the machine is.
describe('over the wire', () => {
  test('Kalshi refuses with 429, its own body and no Retry-After', async () => {
    const venues = await venuesFor({ limitScale: 0.001 });
    const answers = await Promise.all(
      Array.from({ length: 5 }, () => fetch(`${venues.urls.kalshi}/historical/cutoff`)),
    );
    const refused = answers.filter(({ status }) => status === 429);
    expect(refused).toHaveLength(4);
    expect(refused[0]?.headers.get('retry-after')).toBeNull();
    expect(await refused[0]?.json()).toEqual({ error: 'too many requests' });
    expect(venues.stats().kalshi).toMatchObject({ requests: 5, refused: 4, byStatus: { 200: 1, 429: 4 } });
    expect(venues.stats().limitless.requests, 'each host counts for itself').toBe(0);
  });

  test('Limitless refuses the third start, with Retry-After on every second refusal', async () => {
    const venues = await venuesFor({ limitScale: 0.001 });
    const ask = () => fetch(`${venues.urls.limitless}/markets/categories/count`);
    const answers = await Promise.all(Array.from({ length: 8 }, ask));
    const refused = answers.filter(({ status }) => status === 429);
    expect(refused).toHaveLength(6);
    expect(refused.filter(({ headers }) => headers.get('retry-after') === '1')).toHaveLength(3);
  });

  test('Gamma does not refuse what is too much: it lets it wait, and only the stats tell', async () => {
    const venues = await startVenues({ limitScale: 0.0101 });
    const asked = Array.from({ length: 4 }, () => fetch(`${venues.urls.gamma}/markets/1`).catch(() => undefined));
    while (venues.stats().gamma.requests < 4) await setTimeout(5);
    await Promise.race(asked);
    expect(venues.stats().gamma).toMatchObject({ refused: 0, delayed: 1 });
    expect(venues.stats().gamma.longestDelayMs).toBeGreaterThan(0);
    await venues.close();
    await Promise.all(asked);
  });

  test('Massive refuses over its minute with an error of its own; odds by an error code', async () => {
    const venues = await venuesFor({ limitScale: 0.01, massiveRpm: 200 });
    const headers = { authorization: 'Bearer k' };
    const ask = () => fetch(`${venues.urls.massive}/v2/aggs/ticker/IBM/prev`, { headers });
    const answers = await Promise.all(Array.from({ length: 8 }, ask));
    const refused = answers.find(({ status }) => status === 429);
    expect(await refused?.json()).toMatchObject({
      status: 'ERROR',
      error: expect.stringContaining('maximum requests'),
    });
    const odds = await Promise.all(Array.from({ length: 3 }, () => fetch(`${venues.urls.odds}/sports?apiKey=k`)));
    expect(await odds.find(({ status }) => status === 429)?.json()).toMatchObject({
      error_code: 'EXCEEDED_FREQ_LIMIT',
    });
    expect(await get(`${venues.urls.odds.replace('/odds/v4', '')}/stats`)).toMatchObject({ odds: { requests: 3 } });
  });
});
