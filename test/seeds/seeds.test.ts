import { mkdtempSync, readdirSync, rmdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { built } from '../support/node-child.js';
import { type Server, startServer } from './clickhouse.js';
import { compare } from './judge.js';
import { play } from './play.js';
import { drawScenario, type Scenario } from './scenario.js';

/** A few of the seeds of `npm run chaos`: chosen by what they draw, so that the harness itself stays tested. */
const login = { user: 'chaos', password: 'pw-of-the-small-set' };
const work = mkdtempSync(join(tmpdir(), 'backfill-chaos-test-'));
let shared: Server;
beforeAll(async () => {
  shared = await startServer(join(work, 'shared-clickhouse'), login);
});
afterAll(async () => {
  await shared.close();
  rmSync(join(work, 'shared-clickhouse'), { recursive: true, force: true });
  // What is left is a seed that failed.
  if (readdirSync(work).length === 0) rmdirSync(work);
});

const kills = (scenario: Scenario) => scenario.kills.filter(({ signals }) => signals[0]?.signal === 'SIGKILL').length;
const wanted: Record<string, (scenario: Scenario) => boolean> = {
  'the whole job, killed, and once more in promote or P&L': (s) =>
    s.job === 'run' && s.target.engine === 'shared' && kills(s) === 1 && s.lateKills.length === 1,
  'a user whose rights are taken away, and given back': (s) => s.stop?.target !== undefined && s.kills.length <= 1,
  'lost acknowledgements and a busy target': (s) =>
    s.target.rules.some(({ kind }) => kind === 'reset-after') && s.target.rules.length >= 3 && s.kills.length === 1,
  'faults of the source and malformed events': (s) =>
    s.source.faults.length >= 3 && s.universe.malformedEvents >= 3 && s.kills.length <= 1,
  'a server that is killed': (s) => s.target.engine === 'own' && s.kills.length <= 1 && s.job === 'fills',
  'killed under another host name, while a second machine wants the same staging table': (s) =>
    s.place === 'host-name' && s.job === 'fills' && s.second !== undefined && s.kills.length === 1 && kills(s) === 1,
  'a second machine rebuilds P&L while the first one does': (s) =>
    s.second?.command === 'rebuild-pnl' && s.kills.length === 0 && s.lateKills.length === 0,
};

const quick = (s: Scenario) =>
  s.universe.fills < 2_500 &&
  !s.mayGiveUp &&
  !s.source.poison &&
  !s.source.faults.some(({ kind }) => kind === 'throttled');

function firstSeed(fits: (scenario: Scenario) => boolean): number {
  for (let seed = 1; ; seed++) {
    const scenario = drawScenario(seed);
    if (quick(scenario) && fits(scenario)) return seed;
  }
}

test.each(Object.keys(wanted))('%s: nothing lost, nothing doubled', { timeout: 120_000 }, async (name) => {
  const seed = firstSeed(wanted[name] as (scenario: Scenario) => boolean);
  const dir = join(work, `seed-${seed}`);
  const played = await play(drawScenario(seed), {
    main: built('main.js'),
    clockJumps: pathToFileURL(new URL('./clock-jumps.mjs', import.meta.url).pathname).href,
    dir,
    shared,
    login,
  });
  expect(played, `seed ${seed}, kept in ${dir}; npm run chaos -- --replay ${seed}`).toMatchObject({
    wrong: [],
    lost: 0,
    doubled: 0,
  });
  expect(played.rows).toBeGreaterThan(400);
  rmSync(dir, { recursive: true, force: true });
});

test('the comparison is of multisets, in both directions', () => {
  expect(compare(['a', 'b', 'b'], ['b', 'a', 'b'])).toEqual({ lost: [], doubled: [] });
  expect(compare(['a', 'b', 'b'], ['b', 'c', 'c'])).toEqual({ lost: ['a', 'b'], doubled: ['c', 'c'] });
  expect(compare(['a'], ['a', 'a'])).toEqual({ lost: [], doubled: ['a'] });
  expect(compare(['a', 'a'], [])).toEqual({ lost: ['a', 'a'], doubled: [] });
});

test('a seed is one scenario, whenever it is drawn', () => {
  for (let seed = 1; seed <= 200; seed++) expect(drawScenario(seed)).toEqual(drawScenario(seed));
});
