import { spawn, spawnSync } from 'node:child_process';
import { copyFileSync, existsSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { hostname } from 'node:os';
import { join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { acquireLock, type LockHolder, liveHolder } from '../../src/run/lock.js';
import { built, runInChild } from '../support/node-child.js';
import { tempWorkspace } from '../support/workspace.js';

/** The pid of a process that has just ended. */
function deadPid(): number {
  return spawnSync(process.execPath, ['-e', '']).pid;
}

/** A process that lives until the test is over. */
function livePid(): number {
  const child = spawn(process.execPath, ['-e', 'setInterval(() => {}, 1000)'], { stdio: 'ignore' });
  onTestFinished(() => void child.kill('SIGKILL'));
  return child.pid as number;
}

function writeLock(folder: string, over: Partial<LockHolder>): void {
  const holder = { pid: 1, host: hostname(), processStart: null, since: '2026-01-01T00:00:00.000Z', ...over };
  writeFileSync(join(folder, 'lock'), JSON.stringify(holder));
}

const holderOf = (folder: string) => JSON.parse(readFileSync(join(folder, 'lock'), 'utf8')) as LockHolder;

test('a lock names its holder and is gone after its release', () => {
  const folder = tempWorkspace();
  const lock = acquireLock(folder);
  expect(holderOf(folder)).toMatchObject({ pid: process.pid, host: hostname() });
  expect(liveHolder(folder)?.pid).toBe(process.pid);
  lock.release();
  expect(readdirSync(folder)).toEqual([]);
  expect(liveHolder(folder)).toBeNull();
});

test('a live lock is refused with the pid of its holder', () => {
  const folder = tempWorkspace();
  const pid = livePid();
  acquireLock(folder, pid);
  expect(() => acquireLock(folder)).toThrow(
    expect.objectContaining({ code: 1, message: expect.stringContaining(`process ${pid} `), hint: expect.any(String) }),
  );
  expect(holderOf(folder).pid).toBe(pid);
});

test('a lock left by a dead process is taken over', () => {
  const folder = tempWorkspace();
  writeLock(folder, { pid: deadPid() });
  expect(liveHolder(folder)).toBeNull();
  acquireLock(folder).release();
  expect(existsSync(join(folder, 'lock'))).toBe(false);
});

test.runIf(existsSync('/proc/self/stat'))('a pid that belongs to another process by now does not hold a lock', () => {
  const folder = tempWorkspace();
  writeLock(folder, { pid: livePid(), processStart: '1' });
  expect(liveHolder(folder)).toBeNull();
  acquireLock(folder);
  expect(holderOf(folder).pid).toBe(process.pid);
});

test('a lock of another machine is believed: its processes cannot be asked', () => {
  const folder = tempWorkspace();
  writeLock(folder, { pid: deadPid(), host: 'another-machine' });
  expect(() => acquireLock(folder)).toThrow('on another-machine');
});

test.each(['', '{"pid":', 'null', '{"pid":"x"}'])('a lock file that says nothing (%j) is taken over', (content) => {
  const folder = tempWorkspace();
  writeFileSync(join(folder, 'lock'), content);
  acquireLock(folder).release();
});

test('releasing a lock that was taken over meanwhile leaves the new one alone', () => {
  const folder = tempWorkspace();
  const lock = acquireLock(folder);
  const pid = livePid();
  writeLock(folder, { pid });
  lock.release();
  expect(holderOf(folder).pid).toBe(pid);
});

test('a taker that was killed while it took a lock over does not block the next one', () => {
  const folder = tempWorkspace();
  const pid = deadPid();
  writeLock(folder, { pid });
  copyFileSync(join(folder, 'lock'), join(folder, '.lock.takeover'));
  acquireLock(folder);
  expect(holderOf(folder).pid).toBe(process.pid);
  expect(readdirSync(folder)).toEqual(['lock']);
});

/** Waits for a common moment, tries, stays alive until all have tried, and says what came of it. */
const TAKER = `
  const [module, folder, startAt, marks, takers] = process.argv.slice(1);
  const { acquireLock } = await import(module);
  const { readdirSync, writeFileSync } = await import('node:fs');
  while (Date.now() < Number(startAt)) {}
  try {
    acquireLock(folder);
    process.stdout.write('taken');
  } catch (error) {
    process.stdout.write(error.code === 1 ? 'refused' : String(error.stack));
  }
  writeFileSync(marks + '/' + process.pid, '');
  while (readdirSync(marks).length < Number(takers)) await new Promise((resolve) => setTimeout(resolve, 10));
`;

test.each([2, 4])('of %i processes that take a stale lock at once, one has it', async (takers) => {
  for (let round = 0; round < 2; round++) {
    const folder = tempWorkspace();
    writeLock(folder, { pid: deadPid() });
    const args = [built('run/lock.js'), folder, String(Date.now() + 400), tempWorkspace(), String(takers)];
    const all = Array.from({ length: takers }, () => runInChild(TAKER, args));
    const outcomes = (await Promise.all(all)).map((ended) => ended.stdout).sort();
    expect(outcomes).toEqual([...Array(takers - 1).fill('refused'), 'taken']);
    expect(readdirSync(folder)).toEqual(['lock']);
  }
});
