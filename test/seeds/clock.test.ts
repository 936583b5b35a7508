import { expect, test } from 'vitest';
import { promotionId } from '../../src/publish/promotions.js';

test('after a clock that went back a year, ids of promotions go on behind the last one, at once', () => {
  const before = performance.now();
  const last = '20270131_235959_999-promote';
  expect(promotionId(new Date('2026-01-31T12:00:00.000Z'), 'rebuild-pnl', last)).toBe(
    '20270201_000000_000-rebuild-pnl',
  );
  expect(performance.now() - before).toBeLessThan(1000);
  expect(promotionId(new Date('2027-03-01T00:00:00.000Z'), 'promote', last)).toBe('20270301_000000_000-promote');
  expect(promotionId(new Date('2027-03-01T00:00:00.000Z'), 'promote')).toBe('20270301_000000_000-promote');
});
