import { linkSync, readFileSync, rmSync, unlinkSync, writeFileSync } from 'node:fs';
import { hostname } from 'node:os';
import { join } from 'node:path';
import { z } from 'zod';
import { usageError } from '../core/exit.js';

/**
 * One process a run. The lock is a file that names its holder; it appears by `link`, so it is never seen half written.
 * A holder that is dead (or whose pid belongs to another process by now) has its lock taken over; a live one is refused.
 */
const Holder = z.object({
  pid: z.number().int().positive(),
  host: z.string(),
  /** Start of the process in clock ticks since boot, where the system tells: pids are used again. */
  processStart: z.string().nullable(),
  since: z.string(),
});
export type LockHolder = z.infer<typeof Holder>;

export interface Lock {
  release(): void;
}

const MAX_TRIES = 100;
const RETRY_MS = 10;

export function acquireLock(folder: string, pid = process.pid): Lock {
  const path = join(folder, 'lock');
  const mine: LockHolder = { pid, host: hostname(), processStart: processStart(pid), since: new Date().toISOString() };
  const draft = join(folder, `.lock.${pid}.tmp`);
  writeFileSync(draft, JSON.stringify(mine));
  try {
    for (let attempt = 0; attempt < MAX_TRIES; attempt++) {
      if (tryLink(draft, path)) return { release: () => releaseLock(path, mine) };
      const holder = readHolder(path);
      if (holder && isAlive(holder)) {
        throw usageError(
          `run folder ${folder} is in use by process ${holder.pid} on ${holder.host} since ${holder.since}`,
          'wait for it, or stop it; `backfill status` shows where it is',
        );
      }
      takeAway(path, folder, draft);
      if (attempt > 0) sleepMs(RETRY_MS);
    }
    throw usageError(`lock of ${folder} is contended`, 'run the same command again');
  } finally {
    rmSync(draft, { force: true });
  }
}

/** The live holder of a folder's lock, if there is one: `status` shows it. */
export function liveHolder(folder: string): LockHolder | null {
  const holder = readHolder(join(folder, 'lock'));
  return holder && isAlive(holder) ? holder : null;
}

function tryLink(draft: string, path: string): boolean {
  try {
    linkSync(draft, path);
    return true;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'EEXIST') return false;
    throw error;
  }
}

/**
 * Removes a dead holder's lock. Only the holder of the guard may: of three processes that find the same dead lock, a slow
 * one would otherwise remove the lock that a fast one has put in its place.
 */
function takeAway(path: string, folder: string, draft: string): void {
  const guard = join(folder, '.lock.takeover');
  if (!tryLink(draft, guard)) {
    const other = readHolder(guard);
    // Gone by now, or left by one that was killed in here.
    if (other && !isAlive(other)) rmSync(guard, { force: true });
    return;
  }
  try {
    const holder = readHolder(path);
    if (!(holder && isAlive(holder))) rmSync(path, { force: true });
  } finally {
    rmSync(guard, { force: true });
  }
}

/** Synchronous: nothing else may happen before the lock is had or refused. */
function sleepMs(ms: number): void {
  Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, ms);
}

function releaseLock(path: string, mine: LockHolder): void {
  const holder = readHolder(path);
  if (holder?.pid === mine.pid && holder.since === mine.since) unlinkSync(path);
}

/** Null for a lock that is gone or unreadable: neither can be held by a live process of ours. */
function readHolder(path: string): LockHolder | null {
  let text: string;
  try {
    text = readFileSync(path, 'utf8');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return null;
    throw error;
  }
  try {
    return Holder.parse(JSON.parse(text));
  } catch {
    return null;
  }
}

function isAlive(holder: LockHolder): boolean {
  // Another machine's processes cannot be asked: believe the lock.
  if (holder.host !== hostname()) return true;
  try {
    process.kill(holder.pid, 0);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ESRCH') return false;
  }
  const start = processStart(holder.pid);
  return start === null || holder.processStart === null || start === holder.processStart;
}

function processStart(pid: number): string | null {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
    // The name stands in parentheses and may hold spaces; field 22 counts from the one after it.
    const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
    if (fields[0] === 'Z') return 'dead';
    return fields[19] ?? null;
  } catch {
    // No /proc on this system: the pid alone decides.
    return null;
  }
}
