import { expect, test } from 'vitest';
import type { Target } from '../../../../src/clickhouse/target.js';
import type { CountSource } from '../../../../src/datasets/fills/checks/count-source.js';
import { countsGate } from '../../../../src/datasets/fills/checks/counts-gate.js';
import { NONE_REJECTED } from '../../../../src/datasets/fills/checks/rejected.js';
import { tell } from '../../../../src/report/findings.js';
import { workOn } from '../../pnl/universe/universe.js';

/** Nothing of it is asked: what was found is given. */
const work = workOn({} as Target);

/** A lane of ten fills that the source counts at 100 micro-USDC, of which staging holds nine; the tenth was rejected. */
async function judge(
  heldMicros: bigint,
  served: { micros: bigint; aside: bigint; unreadable?: number; rows?: number },
) {
  const lane = { token: '7', side: 'buy' as const, known: true, uncounted: false };
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

/** Seven fills of 70 micro-USDC are held of a token whose counts cannot be read. */
async function judgeUncounted(served: { rows: number; micros: bigint } | undefined) {
  const lane = { token: '7', known: false, uncounted: true, countedRows: 0, countedMicros: 0n };
  const found = {
    tokens: 1,
    rows: 10,
    micros: 100n,
    differing: 1,
    lanes: [
      { ...lane, side: 'buy' as const, heldRows: 7, heldMicros: 70n },
      { ...lane, side: 'sell' as const, heldRows: 0, heldMicros: 0n },
    ],
  };
  const aside = { rows: 0, micros: 0n, unreadable: 0 };
  const { gates } = await countsGate(work, found, {
    run: 'r',
    pinned: true,
    rejected: NONE_REJECTED,
    openSource:
      served &&
      (async () => ({
        recount: async () => [],
        countDistinct: async () =>
          new Map([
            ['7 buy', { ...served, aside }],
            ['7 sell', { rows: 0, micros: 0n, aside }],
          ]),
      })),
  });
  return gates.map((found) => [found.status, ...tell(found).offenders].join(' '));
}

test('a token whose counts cannot be read is proven by reading it again, and never without', async () => {
  expect(await judgeUncounted({ rows: 7, micros: 70n })).toEqual(['passed', 'warned 7']);
  expect(await judgeUncounted({ rows: 8, micros: 70n })).toEqual([expect.stringMatching(/^failed buy 7: held 7/)]);
  expect(await judgeUncounted({ rows: 7, micros: 71n })).toEqual([expect.stringMatching(/^failed buy 7: held 7/)]);
  expect(await judgeUncounted(undefined)).toEqual([expect.stringMatching(/^failed buy 7.*its counts cannot be read/)]);
});
