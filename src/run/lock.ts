import { linkSync, readFileSync, renameSync, rmSync, unlinkSync, writeFileSync } from 'node:fs';
import { hostname } from 'node:os';
import { join } from 'node:path';
import { z } from 'zod';
import { usageError } from '../exit.js';

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

const MAX_TRIES = 5;

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
      takeAway(path, folder, holder, pid);
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

/** Moves a dead holder's lock aside; if another process put a live one there meanwhile, puts that one back. */
function takeAway(path: string, folder: string, dead: LockHolder | null, pid: number): void {
  const aside = join(folder, `.lock.${pid}.dead`);
  try {
    renameSync(path, aside);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return;
    throw error;
  }
  const moved = readHolder(aside);
  if (moved && (moved.pid !== dead?.pid || moved.since !== dead.since) && isAlive(moved)) tryLink(aside, path);
  rmSync(aside, { force: true });
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
