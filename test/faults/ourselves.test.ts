import { spawn } from 'node:child_process';
import { existsSync, mkdirSync, readdirSync, readFileSync, statSync, truncateSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { Watchdog } from '../../src/engine/watchdog.js';
import { openLog } from '../../src/report/log.js';
import { createSyntheticUniverse } from '../../src/simulator/synthetic/universe.js';
import { startTestClickHouse, type TestClickHouse } from '../support/clickhouse.js';
import { built, type Ended, endOf } from '../support/node-child.js';
import { makeScenario, outcome, type Scenario, SMALL } from '../support/scenario.js';
import { tempWorkspace } from '../support/workspace.js';

let clickhouse: TestClickHouse;
beforeAll(async () => {
  clickhouse = await startTestClickHouse();
});
afterAll(() => clickhouse.stop());

const universe = createSyntheticUniverse({ seed: 5, markets: 40, fills: 3_000 });
const exact = { rows: universe.fillCount, problems: [] };

/** The first thread meets its fate half a second after it began; those that come after it do not. */
const fateOfTheFirst = (fate: string): string => `
const { isMainThread } = require('node:worker_threads');
const fs = require('node:fs');
if (!isMainThread) {
  let first = false;
  try { fs.closeSync(fs.openSync('met', 'wx')); first = true; } catch (error) { if (error.code !== 'EEXIST') throw error; }
  if (first) setTimeout(() => { ${fate} }, 500);
}
`;

test('a thread that hangs is noticed, its chunks are named, and new threads load them', {
  timeout: 60_000,
}, async () => {
  const scenario = await makeScenario(clickhouse, {
    universe,
    simulator: { latencyMs: 40 },
    env: { NODE_OPTIONS: '--require ./fate.cjs' },
  });
  writeFileSync(join(scenario.dir, 'fate.cjs'), fateOfTheFirst('for (;;);'));
  const deadlines = ['--request-timeout', '400ms', '--insert-timeout', '600ms'];
  const ended = await scenario.fills(...SMALL, '--threads', '1', '--workers', '2', ...deadlines);
  expect(outcome(ended)).toMatchObject({ code: 0 });
  expect(existsSync(join(scenario.dir, 'met'))).toBe(true);
  expect(readFileSync(scenario.run().folder.logPath, 'utf8')).toMatch(
    /"chunks":\["\d+:[\s\S]*nothing has moved for too long/,
  );
  expect(await scenario.compare()).toEqual(exact);
});

test('a thread that runs out of memory costs its chunks an attempt, and nothing else', {
  timeout: 60_000,
}, async () => {
  const scenario = await makeScenario(clickhouse, {
    universe,
    simulator: { latencyMs: 40 },
    env: { NODE_OPTIONS: '--max-old-space-size=100 --require ./fate.cjs' },
  });
  const greedy = 'const kept = []; for (;;) kept.push(new Array(100000).fill({}));';
  writeFileSync(join(scenario.dir, 'fate.cjs'), fateOfTheFirst(greedy));
  const ended = await scenario.fills(...SMALL, '--threads', '1', '--workers', '2');
  expect(outcome(ended)).toMatchObject({ code: 0 });
  expect(readFileSync(scenario.run().folder.logPath, 'utf8')).toMatch(/thread_lost[\s\S]*out of memory/i);
  expect(await scenario.compare()).toEqual(exact);
});

test('the watchdog acts once for each time that nothing moves, and not while there is a reason to rest', () => {
  const dog = new Watchdog(1000, 0);
  expect(dog.look(1, false, 0)).toBe(false);
  expect(dog.look(1, false, 999)).toBe(false);
  expect(dog.look(1, false, 1000)).toBe(true);
  expect(dog.look(1, false, 1500)).toBe(false);
  expect(dog.look(1, false, 2000)).toBe(true);
  expect(dog.look(2, false, 2999)).toBe(false);
  expect(dog.look(2, true, 5000)).toBe(false);
  expect(dog.look(2, false, 5999)).toBe(false);
  expect(dog.look(2, false, 6000)).toBe(true);
});

/** What a full disk does to a write, without a disk: no file of the program may grow beyond so many blocks of 512 bytes. */
function withFullDisk(scenario: Scenario, blocks: number, args: readonly string[]): Promise<Ended> {
  const script = `trap '' XFSZ; ulimit -f ${blocks}; exec "$0" "$@"`;
  const program = [process.execPath, built('main.js'), 'fills', ...scenario.common, '--threads', '0', ...args];
  const child = spawn('sh', ['-c', script, ...program], {
    cwd: scenario.dir,
    env: { PATH: process.env.PATH ?? '' },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  return endOf(child);
}

test.runIf(process.platform === 'linux')(
  'a disk that is full ends the command with words, and with room again the same command goes on',
  { timeout: 90_000 },
  async () => {
    const scenario = await makeScenario(clickhouse, { universe });
    for (const blocks of [1, 8, 40]) {
      const ended = await withFullDisk(scenario, blocks, [...SMALL, '--workers', '4', '--log-level', 'trace']);
      expect([0, 1, 75], ended.stderr).toContain(ended.code);
      if (blocks === 1) expect(ended.code).toBe(1);
      if (ended.code !== 0)
        expect(ended.stderr).toMatch(/backfill: .*EFBIG[\s\S]*make room, then run the same command/);
      expect(ended.stderr).not.toMatch(/node:internal|\n\s+at /);
    }
    expect(outcome(await scenario.fills(...SMALL))).toMatchObject({ code: 0 });
    expect(await scenario.compare()).toEqual(exact);
  },
);

test('a checkpoint folder that is no folder is refused before anything is touched', { timeout: 60_000 }, async () => {
  const scenario = await makeScenario(clickhouse, { universe });
  writeFileSync(join(scenario.dir, 'checkpoints'), 'a file\n');
  const ended = await scenario.fills(...SMALL);
  expect(outcome(ended)).toMatchObject({ code: 1 });
  expect(ended.stderr).toMatch(/checkpoints[\s\S]*--checkpoints DIR/);
  const [found] = await scenario.target.query<{ n: string }>(
    "SELECT count() AS n FROM system.tables WHERE database = currentDatabase() AND name = 'clob_fills_staging'",
  );
  expect(found?.n).toBe('0');
});

test('a run folder whose checkpoint is a folder, or empty, is named and not overwritten', {
  timeout: 60_000,
}, async () => {
  const scenario = await makeScenario(clickhouse, { universe });
  mkdirSync(join(scenario.dir, 'checkpoints', 'r1'), { recursive: true });
  writeFileSync(join(scenario.dir, 'checkpoints', 'r1', 'checkpoint.json'), '');
  const ended = await scenario.fills(...SMALL);
  expect(outcome(ended)).toMatchObject({ code: 1 });
  expect(ended.stderr).toMatch(/checkpoint\.json is not complete JSON \(0 characters\)[\s\S]*--fresh/);
  expect(readFileSync(join(scenario.dir, 'checkpoints', 'r1', 'checkpoint.json'), 'utf8')).toBe('');
});

test('the log of a run is bounded over all its sittings, and begins anew beside the one before', () => {
  const dir = tempWorkspace();
  const path = join(dir, 'run.log');
  writeFileSync(path, '');
  truncateSync(path, 49_999_000);
  const { log, addFile, setConsole } = openLog({ level: 'info', secrets: [] });
  setConsole(() => undefined);
  addFile(path);
  for (let i = 0; i < 20; i++) log.info({ text: 'x'.repeat(100) }, 'a line');
  expect(statSync(path).size).toBeLessThan(10_000);
  expect(statSync(`${path}.1`).size).toBeGreaterThan(49_999_000);
  expect(readdirSync(dir).sort()).toEqual(['run.log', 'run.log.1']);
});
