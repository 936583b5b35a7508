import { afterAll, beforeAll, expect, test } from 'vitest';
import { longQueryFile, type Work } from '../../src/clickhouse/heavy.js';
import type { Target } from '../../src/clickhouse/target.js';
import { makeUniverse, workOn } from '../datasets/pnl/universe/universe.js';
import { startTestClickHouse, type TestClickHouse } from '../support/clickhouse.js';

const FILLS = 'clob_fills_staging';
let clickhouse: TestClickHouse;
let target: Target;

beforeAll(async () => {
  clickhouse = await startTestClickHouse();
  target = await clickhouse.database();
  await makeUniverse(target, { fills: FILLS, run: 'r1', matches: 500, markets: 20, wallets: 50 });
});
afterAll(() => clickhouse?.stop());

/** The server is killed when a long statement has ended, and comes back before its rows are read. */
function killedAfterLongCommands(work: Work): Work {
  const { target: real } = work;
  const longCommand: Target['longCommand'] = async (sql, options) => {
    await real.longCommand(sql, options);
    process.kill(clickhouse.server.pid, 'SIGKILL');
    await clickhouse.server.ensure();
    await expect.poll(() => real.ping().then(() => true)).toBe(true);
  };
  const get = (of: Target, key: keyof Target): unknown => {
    if (key === 'longCommand') return longCommand;
    const value: unknown = of[key];
    return typeof value === 'function' ? value.bind(of) : value;
  };
  return { ...work, target: new Proxy(real, { get: (of, key) => get(of, key as keyof Target) }) };
}

test('what a check found outlives a server that is killed before it is read: lost rows would read as nothing wrong', {
  timeout: 60_000,
}, async () => {
  const work = workOn(target);
  // Every token differs from the counts of a run that counted nothing of them.
  const bound = { names: { fills: FILLS }, params: { run: 'another', limit: 1000 } };
  const found = await longQueryFile<{ token: string }>(work, 'verify/counts', bound);
  expect(found.length).toBeGreaterThan(20);
  expect(await longQueryFile(killedAfterLongCommands(work), 'verify/counts', bound)).toEqual(found);
  const names = { fills: FILLS };
  const rows = await longQueryFile(work, 'verify/collapsed', { names });
  expect(rows).toHaveLength(1);
  expect(await longQueryFile(killedAfterLongCommands(work), 'verify/collapsed', { names })).toEqual(rows);
});
