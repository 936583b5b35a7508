// A process that promotes or rolls back and, when told to, is killed after one of the steps: see promote.test.ts.
import pino from 'pino';
import { openTarget } from '../../dist/clickhouse/client.js';
import { verifyRun } from '../../dist/datasets/fills/checks/verify-run.js';
import { promoteRun } from '../../dist/publish/promote-run.js';
import { rollback } from '../../dist/publish/rollback.js';
import { findRun } from '../../dist/run/run-folder.js';

const { url, database, checkpoints, run, mode, killAfter, keepBackups } = JSON.parse(process.argv[2]);
const target = await openTarget({ url, database, username: 'default', password: '', requestTimeoutMs: 30_000 });
const work = { target, maxMemoryMb: 1000, log: pino({ level: 'silent' }) };
const afterStep = (step) => {
  if (step === killAfter) process.kill(process.pid, 'SIGKILL');
};
const found = findRun(checkpoints, run);
const verify = () => verifyRun(work, { found, acceptRejected: 0 });
const result =
  mode === 'rollback'
    ? await rollback(work, { afterStep })
    : await promoteRun(work, { found, verify, keepBackups: keepBackups ?? 3, acceptRejected: 0, afterStep });
process.stdout.write(JSON.stringify(result));
await target.close();
