import { expect, test } from 'vitest';
import type { Work } from '../../../../src/clickhouse/heavy.js';
import { failed } from '../../../../src/core/failure.js';
import type { CountSource, Served, TokenPack } from '../../../../src/datasets/fills/checks/count-source.js';
import { laneKey } from '../../../../src/datasets/fills/checks/count-source.js';
import { readServed } from '../../../../src/datasets/fills/checks/reread.js';

/** Serves a row of every token, and no page that holds one of `poison`. */
function sourceWith(poison: ReadonlySet<string>, code: 'bad_page' | 'connection' = 'bad_page') {
  const calls: (readonly TokenPack[])[] = [];
  const source: CountSource = {
    recount: async () => [],
    countDistinct: async (packs) => {
      calls.push(packs);
      const served = new Map<string, Served>();
      for (const { side, tokens } of packs) {
        for (const token of tokens) {
          if (poison.has(laneKey(token, side))) throw failed('transient', code, `bad ${token}`);
          served.set(laneKey(token, side), { rows: 1, micros: 1n, aside: { rows: 0, micros: 0n, unreadable: 0 } });
        }
      }
      return served;
    },
  };
  return { source, calls };
}

const work = {} as Work;
const lanes = Array.from({ length: 3_000 }, (_, i) => ({
  token: String(i >> 1),
  side: i % 2 === 0 ? ('buy' as const) : ('sell' as const),
  countedRows: i % 100 === 0 ? 4_000 : i % 40,
}));

test('sides of tokens are asked for once each, packed, in calls of many lanes', async () => {
  const { source, calls } = sourceWith(new Set());
  const served = await readServed(work, source, lanes, new Set());
  expect([...served.keys()].sort()).toEqual(lanes.map(({ token, side }) => laneKey(token, side)).sort());
  const asked = calls.flat().flatMap(({ side, tokens }) => tokens.map((token) => laneKey(token, side)));
  expect(asked).toHaveLength(lanes.length);
  expect(calls.flat().length).toBeLessThan(110);
  expect(Math.max(...calls.flat().map(({ tokens }) => tokens.length))).toBeLessThanOrEqual(100);
});

test('a page that is always wrong is a finding about its token alone', async () => {
  const { source } = sourceWith(new Set(['7 sell', '500 buy', '501 buy']));
  const served = await readServed(work, source, lanes, new Set());
  const bad = [...served].filter(([, found]) => typeof found === 'string');
  expect(bad.sort()).toEqual([
    ['500 buy', 'bad 500'],
    ['501 buy', 'bad 501'],
    ['7 sell', 'bad 7'],
  ]);
  expect(served.size).toBe(lanes.length);
});

test('any other failure ends it', async () => {
  const { source } = sourceWith(new Set(['7 sell']), 'connection');
  await expect(readServed(work, source, lanes, new Set())).rejects.toThrow('bad 7');
});
