import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { copyFileSync, existsSync, readdirSync, readFileSync, rmSync, utimesSync, writeFileSync } from 'node:fs';
import { hostname } from 'node:os';
import { join } from 'node:path';
import { createInterface, type Interface } from 'node:readline';
import { expect, onTestFinished, test } from 'vitest';
import { type Holder, thisHolder } from '../../src/core/holder.js';
import { acquireLock, type LockTiming, liveHolder } from '../../src/run/lock.js';
import { built, runInChild } from '../support/node-child.js';
import { tempWorkspace } from '../support/workspace.js';

/** Short, and yet ten heartbeats: a loaded machine misses some. */
const QUICK: LockTiming = { heartbeatMs: 150, expiryMs: 1_500 };

function acquire(folder: string, timing: LockTiming = QUICK) {
  const said: string[] = [];
  const taken = acquireLock(folder, { notify: (text) => said.push(text), timing }).then((lock) => {
    onTestFinished(() => lock.release());
    return lock;
  });
  return { taken, said };
}

/** The pid of a process that has just ended. */
function deadPid(): number {
  return spawnSync(process.execPath, ['-e', '']).pid;
}

function writeLock(folder: string, over: Partial<Holder>): void {
  writeFileSync(join(folder, 'lock'), JSON.stringify({ ...thisHolder(), processStart: null, ...over }));
}

const ELSEWHERE = { pid: 7, host: 'another-machine', bootId: 'another boot', pidNamespace: 'pid:[1]' };
const holderOf = (folder: string) => JSON.parse(readFileSync(join(folder, 'lock'), 'utf8')) as Holder;

/** Takes a folder's lock and holds it; says `held`, or what it was refused with, and `lost` when it has been taken away. */
const HOLDER = `
  const [module, folder, heartbeatMs, expiryMs] = process.argv.slice(1);
  const { acquireLock } = await import(module);
  await acquireLock(folder, {
    notify: (text) => console.log('told ' + text),
    onLost: (error) => console.log('lost ' + error.message),
    timing: { heartbeatMs: Number(heartbeatMs), expiryMs: Number(expiryMs) },
  });
  console.log('held');
  setInterval(() => {}, 1000);
`;

interface HolderProcess {
  readonly process: ChildProcess;
  readonly lines: Interface;
}

/** `wrapper`: a command that the holder is started by, in namespaces of its own. */
async function startHolder(folder: string, wrapper: readonly string[] = []): Promise<HolderProcess> {
  const node = [process.execPath, '--input-type=module', '-e', HOLDER, '--', built('run/lock.js'), folder];
  const [command = '', ...args] = [...wrapper, ...node, String(QUICK.heartbeatMs), String(QUICK.expiryMs)];
  const child = spawn(command, args, { stdio: ['ignore', 'pipe', 'inherit'] });
  onTestFinished(() => void child.kill('SIGKILL'));
  const lines = createInterface(child.stdout);
  expect(await once(lines, 'line')).toEqual(['held']);
  return { process: child, lines };
}

async function kill(holder: HolderProcess): Promise<void> {
  holder.process.kill('SIGKILL');
  await once(holder.process, 'exit');
}

const refusal = (...parts: string[]) =>
  expect.objectContaining({
    code: 1,
    message: expect.stringMatching(parts.map((part) => part.replace(/[[\]().]/g, '.')).join('.*')),
  });

test('a lock names its holder and is gone after its release', async () => {
  const folder = tempWorkspace();
  const lock = await acquire(folder).taken;
  expect(holderOf(folder)).toMatchObject({ pid: process.pid, host: hostname() });
  expect(liveHolder(folder)?.pid).toBe(process.pid);
  lock.release();
  expect(readdirSync(folder)).toEqual([]);
  expect(liveHolder(folder)).toBeNull();
});

test('a live lock is refused with the pid of its holder; a killed holder’s is taken over at once', async () => {
  const folder = tempWorkspace();
  const holder = await startHolder(folder);
  await expect(acquire(folder).taken).rejects.toEqual(refusal(`process ${holder.process.pid} `));
  expect(holderOf(folder).pid).toBe(holder.process.pid);
  await kill(holder);
  expect(liveHolder(folder)).toBeNull();
  const { taken, said } = acquire(folder, { heartbeatMs: 1_000, expiryMs: 3_600_000 });
  await taken;
  expect(said).toEqual([]);
});

test.runIf(existsSync('/proc/self/stat'))(
  'a pid that belongs to another process by now does not hold a lock',
  async () => {
    const folder = tempWorkspace();
    writeLock(folder, { pid: process.ppid, processStart: '1' });
    expect(liveHolder(folder)).toBeNull();
    await acquire(folder).taken;
    expect(holderOf(folder).pid).toBe(process.pid);
  },
);

test('a lock of another machine that stands still is taken over, and not before it has expired', async () => {
  const folder = tempWorkspace();
  writeLock(folder, ELSEWHERE);
  // Its clock may be ahead or behind: only whether it moves counts.
  for (const days of [-1, 1]) {
    const time = new Date(Date.now() + days * 86_400_000);
    writeLock(folder, { ...ELSEWHERE, since: time.toISOString() });
    utimesSync(join(folder, 'lock'), time, time);
    const beganMs = performance.now();
    const { taken, said } = acquire(folder);
    const lock = await taken;
    expect(performance.now() - beganMs).toBeGreaterThanOrEqual(QUICK.expiryMs);
    expect(said).toEqual([
      expect.stringMatching(/held by process 7 on another-machine .*watching for up to 1.5 s whether it lives/),
      expect.stringMatching(/has not moved for 1.5 s: taken over/),
    ]);
    lock.release();
  }
});

test('a lock of another machine that moves is refused, and the message says when it expires', async () => {
  const folder = tempWorkspace();
  writeLock(folder, ELSEWHERE);
  let seconds = 0;
  const touch = setInterval(() => utimesSync(join(folder, 'lock'), ++seconds, seconds), QUICK.heartbeatMs);
  onTestFinished(() => clearInterval(touch));
  const error = await acquire(folder).taken.catch((thrown: unknown) => thrown);
  expect(error).toEqual(refusal('process 7 on another-machine', 'it is alive'));
  expect((error as { hint: string }).hint).toContain('its lock expires within 1.5 s');
});

const mayUnshare = (...args: string[]) => spawnSync('unshare', [...args, 'true']).status === 0;
const PID_NAMESPACE = ['--pid', '--fork', '--mount-proc', '--kill-child'];
const inPidNamespace = test.skipIf(!mayUnshare(...PID_NAMESPACE));
const withHostName = test.skipIf(!mayUnshare('--uts'));

inPidNamespace(
  'a live lock in another pid namespace is never taken over; once its holder is killed, it is when it has expired',
  async () => {
    const folder = tempWorkspace();
    const holder = await startHolder(folder, ['unshare', ...PID_NAMESPACE]);
    // The same host name, and a pid that is alive or dead here by chance.
    expect(holderOf(folder)).toMatchObject({ host: hostname(), pid: 1 });
    await expect(acquire(folder).taken).rejects.toEqual(refusal('process 1 on', 'another container', 'it is alive'));
    expect(liveHolder(folder)?.pid).toBe(1);
    await kill(holder);
    const { taken, said } = acquire(folder);
    await taken;
    expect(said.at(-1)).toMatch(/taken over/);
    expect(holderOf(folder).pid).toBe(process.pid);
  },
);

withHostName(
  'a killed holder of another host name in the same pid namespace is taken over at once, a live one refused',
  async () => {
    const folder = tempWorkspace();
    const holder = await startHolder(folder, [
      'unshare',
      '--uts',
      'sh',
      '-c',
      'hostname container-aaa && exec "$@"',
      'sh',
    ]);
    expect(holderOf(folder).host).toBe('container-aaa');
    await expect(acquire(folder).taken).rejects.toEqual(refusal('on container-aaa'));
    await kill(holder);
    const { taken, said } = acquire(folder, { heartbeatMs: 1_000, expiryMs: 3_600_000 });
    await taken;
    expect(said).toEqual([]);
  },
);

inPidNamespace(
  'a holder that slept until its lock was taken over finds that out, and leaves the new lock alone',
  async () => {
    const folder = tempWorkspace();
    const holder = await startHolder(folder, ['unshare', ...PID_NAMESPACE]);
    const inside = spawnSync('pgrep', ['-P', String(holder.process.pid)]);
    const pid = Number(inside.stdout.toString().trim());
    process.kill(pid, 'SIGSTOP');
    await acquire(folder).taken;
    const next = once(holder.lines, 'line');
    process.kill(pid, 'SIGCONT');
    expect((await next)[0]).toMatch(/^lost this process stood still .* taken over by process/);
    expect(holderOf(folder).pid).toBe(process.pid);
  },
);

test('a lock that was removed by hand is put back', async () => {
  const folder = tempWorkspace();
  await acquire(folder).taken;
  rmSync(join(folder, 'lock'));
  await expect.poll(() => existsSync(join(folder, 'lock')), { timeout: 5_000 }).toBe(true);
  expect(holderOf(folder).pid).toBe(process.pid);
});

test.each(['', '{"pid":', 'null', '{"pid":"x"}'])(
  'a lock file that says nothing (%j) is taken over when it has expired',
  async (content) => {
    const folder = tempWorkspace();
    writeFileSync(join(folder, 'lock'), content);
    const { taken, said } = acquire(folder, { heartbeatMs: 100, expiryMs: 300 });
    await taken;
    expect(said[0]).toContain('a process that it does not name');
  },
);

test('releasing a lock that was taken over meanwhile leaves the new one alone', async () => {
  const folder = tempWorkspace();
  const lock = await acquire(folder).taken;
  writeLock(folder, ELSEWHERE);
  lock.release();
  expect(holderOf(folder).host).toBe('another-machine');
});

test('a taker that was killed while it took a lock over does not block the next one', async () => {
  const folder = tempWorkspace();
  writeLock(folder, { pid: deadPid() });
  copyFileSync(join(folder, 'lock'), join(folder, '.lock.takeover'));
  await acquire(folder).taken;
  expect(holderOf(folder).pid).toBe(process.pid);
  expect(readdirSync(folder)).toEqual(['lock']);
});

test('waiting for a lock ends with the command', async () => {
  const folder = tempWorkspace();
  writeLock(folder, ELSEWHERE);
  const stop = new AbortController();
  const notify = () => stop.abort(new Error('interrupted'));
  await expect(acquireLock(folder, { notify, signal: stop.signal })).rejects.toThrow('interrupted');
  expect(holderOf(folder).host).toBe('another-machine');
});

test('a file system without hard links will do', async () => {
  const folder = tempWorkspace();
  writeLock(folder, { pid: deadPid() });
  const { stdout, stderr } = await runInChild(
    `
    import fs from 'node:fs';
    import { syncBuiltinESMExports } from 'node:module';
    const [module, folder] = process.argv.slice(1);
    const refuse = () => { throw Object.assign(new Error('EPERM: operation not permitted, link'), { code: 'EPERM' }); };
    fs.linkSync = fs.link = fs.promises.link = refuse;
    syncBuiltinESMExports();
    const { acquireLock } = await import(module);
    const lock = await acquireLock(folder, { notify: console.log });
    console.log(fs.readdirSync(folder).join());
    lock.release();
  `,
    [built('run/lock.js'), folder],
  );
  expect({ stdout, stderr }).toEqual({ stdout: 'lock\n', stderr: '' });
});

/** Waits for a common moment, tries, stays alive until all have tried, and says what came of it. */
const TAKER = `
  const [module, folder, startAt, marks, takers] = process.argv.slice(1);
  const { acquireLock } = await import(module);
  const { readdirSync, writeFileSync } = await import('node:fs');
  while (Date.now() < Number(startAt)) {}
  try {
    await acquireLock(folder, { notify: () => {}, timing: { heartbeatMs: 150, expiryMs: 1000 } });
    process.stdout.write('taken');
  } catch (error) {
    process.stdout.write(error.code === 1 ? 'refused' : String(error.stack));
  }
  writeFileSync(marks + '/' + process.pid, '');
  while (readdirSync(marks).length < Number(takers)) await new Promise((resolve) => setTimeout(resolve, 10));
`;

test.each([
  [2, 'of a dead process', { pid: deadPid() }],
  [4, 'of a dead process', { pid: deadPid() }],
  [4, 'of another machine', ELSEWHERE],
] as const)('of %i processes that take a stale lock %s at once, one has it', async (takers, _whose, holder) => {
  for (let round = 0; round < 4 / takers; round++) {
    const folder = tempWorkspace();
    writeLock(folder, holder);
    const args = [built('run/lock.js'), folder, String(Date.now() + 400), tempWorkspace(), String(takers)];
    const all = Array.from({ length: takers }, () => runInChild(TAKER, args));
    const outcomes = (await Promise.all(all)).map((ended) => ended.stdout).sort();
    expect(outcomes).toEqual([...Array(takers - 1).fill('refused'), 'taken']);
    expect(readdirSync(folder)).toEqual(['lock']);
  }
});
