import { expect, test } from 'vitest';
import { easternDay, easternMidnightMs, isoTrimmed } from '../../../src/simulator/venues/clock.js';
import { fixed, noisyFloat, plain, wei } from '../../../src/simulator/venues/decimals.js';
import { hexId, indexOfHex, indexOfToken, Shuffle, tokenId } from '../../../src/simulator/venues/ids.js';
import {
  countUntil,
  cumulative,
  priceAfter,
  type Stream,
  timeOf,
  tradeAt,
} from '../../../src/simulator/venues/stream.js';
import { micros } from './ask.js';

function stream(seed: number, more: Partial<Stream> = {}): Stream {
  const span = { createdMs: 1_000, splitMs: 500_000, before: 200, gapMs: 3_000, endMs: 900_000 };
  return { seed, ...span, averageSize: 40, basePrice: 420_000, ...more };
}

test('the number of trades until a moment is that of the trades at or before it', () => {
  for (const one of [
    stream(1),
    stream(2, { before: 0 }),
    stream(3, { gapMs: Number.POSITIVE_INFINITY }),
    stream(4, { endMs: 400_000, splitMs: 400_000 }),
  ]) {
    const total = countUntil(one, 2_000_000);
    const times = Array.from({ length: total }, (_, k) => timeOf(one, k));
    expect(times).toEqual(times.toSorted((a, b) => a - b));
    expect(Math.max(0, ...times)).toBeLessThan(one.endMs);
    for (let at = 0; at < 1_000_000; at += 4_999) {
      expect(countUntil(one, at), `seed ${one.seed} at ${at}`).toBe(times.filter((time) => time <= at).length);
    }
  }
});

test('sizes sum to the closed form, are positive, and twins are equal in time, size and price', () => {
  const one = stream(5);
  let sum = 0;
  let twins = 0;
  for (let k = 0; k < 300; k++) {
    const trade = tradeAt(one, k);
    sum += trade.size;
    expect(trade.size).toBeGreaterThan(0);
    expect(cumulative(one, k + 1)).toBe(sum);
    if (trade.twinOf === k) continue;
    twins++;
    expect({ ...tradeAt(one, k - 1), k: 0 }).toEqual({ ...trade, k: 0 });
    expect(priceAfter(one, k, 1_000)).toBe(priceAfter(one, k + 1, 1_000));
  }
  expect(twins).toBeGreaterThan(0);
});

test('prices lie on the tick, strictly between 0 and 1', () => {
  for (const basePrice of [20_000, 500_000, 979_000]) {
    for (let count = 0; count < 500; count++) {
      const price = priceAfter(stream(6, { basePrice }), count, 10_000);
      expect(price % 10_000).toBe(0);
      expect(price > 0 && price < 1_000_000).toBe(true);
    }
  }
});

test('an id tells its index, and a stranger none', () => {
  for (const index of [0, 1, 7, 165_999, 2 ** 31]) {
    expect(indexOfHex(9, 3, hexId(9, 3, index, 64))).toBe(index);
    expect(indexOfToken(9, 3, tokenId(9, 3, index))).toBe(index);
  }
  expect(indexOfHex(9, 3, hexId(9, 4, 5, 64))).toBeUndefined();
  expect(indexOfToken(9, 3, '123456')).toBeUndefined();
  const places = Array.from({ length: 1_000 }, (_, i) => new Shuffle(5, 1_000).at(i));
  expect(new Set(places).size).toBe(1_000);
});

test('decimals: floats with noise and strings of 18 digits still round to what they mean', () => {
  let noisy = 0;
  for (let i = 0; i < 2_000; i++) {
    const amount = Math.floor(((i * 7_919_001_337) % 97_000_003) * 1_003);
    const float = noisyFloat(amount, 3, i);
    if (float.value !== amount / 1e6) noisy++;
    expect(micros(float.value), `${float.value}`).toBe(BigInt(float.micros));
    const text = wei(amount, 4, i);
    expect(text.text).toMatch(/^\d+\.\d{18}$/);
    expect(micros(text.text)).toBe(BigInt(text.micros));
  }
  expect(noisy).toBeGreaterThan(1_000);
  expect([fixed(120_000, 4), fixed(1_000_000, 2), plain(505_000), plain(12_000_000)]).toEqual([
    '0.1200',
    '1.00',
    '0.505',
    '12',
  ]);
});

test('Eastern days begin at 05:00 UTC in winter and 04:00 in summer, also around the change', () => {
  const hour = (day: string) => new Date(easternMidnightMs(day)).toISOString().slice(11, 13);
  expect(['2005-04-01', '2026-03-08', '2026-03-09', '2026-07-04', '2026-11-01', '2026-11-02'].map(hour)).toEqual([
    '05',
    '05',
    '04',
    '04',
    '04',
    '05',
  ]);
  expect(easternDay(Date.UTC(2026, 10, 24, 4, 59))).toBe('2026-11-23');
  expect(isoTrimmed(Date.UTC(2026, 0, 1) * 1000 + 896_900)).toBe('2026-01-01T00:00:00.8969Z');
  expect(isoTrimmed(Date.UTC(2026, 0, 1) * 1000)).toBe('2026-01-01T00:00:00Z');
});
