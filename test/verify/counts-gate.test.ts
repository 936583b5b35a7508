import { expect, test } from 'vitest';
import type { Target } from '../../src/target/target.js';
import type { CountSource } from '../../src/verify/count-source.js';
import { countsGate } from '../../src/verify/counts-gate.js';
import { workOn } from '../pnl/universe/universe.js';

/** Nothing of it is asked: what was found is given. */
const work = workOn({} as Target);

/** A lane of ten fills that the source counts at 100 micro-USDC, of which staging holds nine; the tenth was rejected. */
async function judge(
  heldMicros: bigint,
  served: { micros: bigint; aside: bigint; unreadable?: number; rows?: number },
) {
  const lane = { token: '7', side: 'buy' as const, known: true };
  const counted = { countedRows: 10, countedMicros: 100n };
  const found = {
    tokens: 1,
    rows: 10,
    micros: 100n,
    differing: 1,
    lanes: [{ ...lane, ...counted, heldRows: 9, heldMicros }],
  };
  const { micros, aside, unreadable = 0, rows = 10 } = served;
  const source: CountSource = {
    recount: async () => [],
    countDistinct: async () => new Map([['7 buy', { rows, micros, aside: { rows: 1, micros: aside, unreadable } }]]),
  };
  const rejected = { ids: new Set(['x']), lanes: new Map(), transactions: [] };
  const { gates, short } = await countsGate(work, found, {
    run: 'r',
    pinned: true,
    rejected,
    openSource: async () => source,
  });
  return { status: gates[0]?.status, short: short.length };
}

test('rejected rows excuse what they are, to the micro-dollar where their amounts can be read', async () => {
  expect(await judge(90n, { micros: 100n, aside: 10n })).toEqual({ status: 'passed', short: 0 });
  // Another fill of the lane has a wrong amount, in staging as at the source.
  expect(await judge(91n, { micros: 101n, aside: 10n })).toEqual({ status: 'failed', short: 0 });
  expect(await judge(91n, { micros: 100n, aside: 10n })).toEqual({ status: 'failed', short: 0 });
  expect(await judge(90n, { micros: 90n, aside: 0n, unreadable: 1 })).toEqual({ status: 'passed', short: 0 });
  // Nine are held and the source serves another eleventh.
  expect(await judge(90n, { micros: 100n, aside: 10n, rows: 11 })).toEqual({ status: 'failed', short: 0 });
});
