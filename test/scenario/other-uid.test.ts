import { spawnSync } from 'node:child_process';
import { chownSync, mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { startSimulator } from '../../src/simulator/server.js';
import { startTestClickHouse } from '../support/clickhouse.js';
import { built } from '../support/node-child.js';
import { backfill } from '../support/program.js';
import { outcome, SMALL, smallUniverse } from '../support/scenario.js';
import { tempWorkspace } from '../support/workspace.js';

/** Has no entry in the list of users, as in a container that is given a uid of its own. */
const UID = 12345;
const program = () => spawnSync(process.execPath, [built('main.js'), '--version'], { uid: UID, gid: UID, cwd: '/' });
// Only root may become somebody else, and that user must be able to read the program.
const asOther = test.skipIf(process.getuid?.() !== 0 || program().status !== 0);

asOther(
  'a uid without a name, and a volume with a lost+found that it may not enter, are no obstacle to any command',
  {
    timeout: 120_000,
  },
  async () => {
    const clickhouse = await startTestClickHouse();
    onTestFinished(() => clickhouse.stop());
    const simulator = await startSimulator({ universe: smallUniverse() });
    onTestFinished(() => simulator.close());
    const cwd = tempWorkspace();
    const checkpoints = join(cwd, 'checkpoints');
    mkdirSync(join(checkpoints, 'lost+found'), { recursive: true, mode: 0o700 });
    for (const dir of [cwd, checkpoints]) chownSync(dir, UID, UID);

    const common = ['--clickhouse-url', clickhouse.url, '--source-url', simulator.url];
    const quick = [...SMALL, '--rps', '100000', '--threads', '1'];
    const pnl = ['--pnl-source-url', simulator.pnlUrl];
    for (const args of [
      ['fills', ...common, ...quick],
      ['status', ...common],
      ['run', ...common, ...quick, ...pnl],
      ['fills', ...common, ...quick, '--fresh'],
      ['verify', ...common],
    ]) {
      expect(outcome(await backfill(args, { cwd, uid: UID })), args[0]).toMatchObject({ code: 0 });
    }
    const runs = await clickhouse.target.query<{ who: string }>('SELECT DISTINCT who FROM runs');
    expect(runs).toEqual([{ who: `uid ${UID}` }]);
  },
);
