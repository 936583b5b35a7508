import { expect, test } from 'vitest';
import { type Backup, surplus } from '../../src/publish/backups.js';
import { promotionId } from '../../src/publish/promotions.js';
import { EVERYTHING, scopeAfterRefresh, whyFewer } from '../../src/publish/scope.js';

const live = { rows: 100_000, selection: EVERYTHING };

test('a selection that is not that of live is named, also where it has as many rows', () => {
  expect(whyFewer(live, { rows: 100_000, selection: 'limit 1' })).toBe('it covers limit 1, live covers everything');
  expect(whyFewer({ ...live, selection: 'limit 1' }, { rows: 100_000, selection: 'limit 2' })).not.toBeNull();
});

test('from a part to everything, and where nobody knows what live covers, the rows alone decide', () => {
  expect(whyFewer({ ...live, selection: 'limit 1' }, { rows: 100_000, selection: EVERYTHING })).toBeNull();
  expect(whyFewer({ ...live, selection: null }, { rows: 100_000, selection: 'limit 1' })).toBeNull();
});

test('a small share of rows may go, more may not', () => {
  expect(whyFewer(live, { rows: 99_900, selection: EVERYTHING })).toBeNull();
  expect(whyFewer(live, { rows: 99_899, selection: EVERYTHING })).toBe('it has 99,899 rows, live has 100,000');
});

test('a refresh covers what live covers and what it was asked for', () => {
  expect(scopeAfterRefresh(EVERYTHING, 'limit 1')).toBe(EVERYTHING);
  expect(scopeAfterRefresh('limit 1', 'limit 2')).toBe('limit 1 + limit 2');
  expect(scopeAfterRefresh('limit 1 + limit 2', 'limit 2')).toBe('limit 1 + limit 2');
  expect(scopeAfterRefresh(null, 'limit 2')).toBeNull();
});

const backup = (name: string, rows: number): Backup => ({ name, rows });

test('the backup of the last promotion is never dropped, wherever it stands in the list', () => {
  expect(surplus([backup('new', 1), backup('old', 1)], 1, 'old', 5)).toEqual([]);
});

test('the last backup that holds more than live is never dropped', () => {
  const backups = [backup('c', 1), backup('b', 1), backup('full', 100), backup('fuller', 101)];
  expect(surplus(backups, 1, 'c', 1)).toEqual(['b', 'fuller']);
  expect(surplus(backups, 1, 'c', 200)).toEqual(['b', 'full', 'fuller']);
});

test('ids follow each other although the clock goes back', () => {
  const first = promotionId(new Date('2026-05-01T00:00:00.000Z'), 'promote');
  const second = promotionId(new Date('2026-01-01T00:00:00.000Z'), 'promote', first);
  expect([first, second]).toEqual(['20260501_000000_000-promote', '20260501_000000_001-promote']);
});
