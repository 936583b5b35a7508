/**
 * One process a run folder. The lock is a file that names its holder, made by an exclusive create: every file system has that,
 * hard links not all. Who finds it there judges the holder:
 *
 * | holder | judged by | then |
 * | --- | --- | --- |
 * | in this space of pids, alive | its pid and start | refused |
 * | in this space of pids, dead | its pid and start | taken over at once |
 * | in another container, on another machine, or not readable | whether the file moves | refused when it moves; taken over when it has not for 30 s |
 *
 * A holder touches its lock every 5 s. Only changes are looked at, never how old the file is: no two clocks are compared. A holder that
 * slept so long that another has taken its lock finds that out when it wakes, and ends: `onLost`.
 */
import { closeSync, fstatSync, futimesSync, openSync, readFileSync, rmSync, unlinkSync, writeSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { EXIT, ExitError, usageError } from '../core/exit.js';
import { describeHolder, Holder, livenessOf, thisHolder } from '../core/holder.js';
import type { StepContext } from '../report/step.js';

export interface Lock {
  release(): void;
}

export interface LockOptions {
  /** Told when the holder has to be watched, when its lock is taken over, and when the lock cannot be touched. */
  readonly notify: (text: string) => void;
  /** Ends the watching. */
  readonly signal?: AbortSignal;
  /** The lock is another's by now: nothing may be written any more. Absent: thrown uncaught, which ends the program. */
  readonly onLost?: (error: ExitError) => void;
  readonly timing?: LockTiming;
}

export interface LockTiming {
  readonly heartbeatMs: number;
  /** Six heartbeats: a machine that is busy, or a file server that is slow, misses some. */
  readonly expiryMs: number;
}

export const LOCK_TIMING: LockTiming = { heartbeatMs: 5_000, expiryMs: 30_000 };
const POLL_MS = 50;
/** Takers hold each other up for moments; a longer quarrel is told. */
const CONTENDED_MS = 10_000;

/** Takes a run folder's lock for as long as the command runs. Throws ExitError(1) when it is held. */
export async function lockFolder(step: Pick<StepContext, 'log' | 'stop' | 'releases'>, folder: string): Promise<Lock> {
  const lock = await acquireLock(folder, { notify: (text) => step.log.warn(text), signal: step.stop });
  step.releases.push(`lock of ${folder}`, () => lock.release());
  return lock;
}

/** Throws ExitError(1) when the lock is held. */
export async function acquireLock(folder: string, options: LockOptions): Promise<Lock> {
  const { heartbeatMs, expiryMs } = options.timing ?? LOCK_TIMING;
  const path = join(folder, 'lock');
  const mine = JSON.stringify(thisHolder());
  const stillness = new Stillness();
  const deadlineMs = performance.now() + expiryMs + CONTENDED_MS;
  let watched = false;
  for (;;) {
    const fd = create(path, mine);
    if (fd !== null) return hold(path, fd, mine, heartbeatMs, options);
    const found = look(path);
    const verdict = judge(found, stillness.since(path, found), expiryMs);
    if (verdict === 'alive') throw inUse(folder, found?.holder ?? null, expiryMs);
    if (verdict === 'dead' && found !== null) {
      if (watched) options.notify(`${path} has not moved for ${expiryMs / 1000} s: taken over`);
      takeAway(path, folder, found, mine, stillness, expiryMs);
    }
    if (verdict === 'unknown' && !watched) {
      watched = true;
      const who = found?.holder ? describeHolder(found.holder) : 'a process that it does not name';
      options.notify(
        `${path} is held by ${who}, in another container or on another machine: watching for up to ${expiryMs / 1000} s whether it lives`,
      );
    }
    if (performance.now() > deadlineMs)
      throw usageError(
        `other commands keep taking and freeing the lock of ${folder}`,
        'let them end, then run the same command again',
      );
    await pause(options.signal);
  }
}

/** The holder of a folder's lock, for show: one that cannot be asked counts while its lock is younger than the expiry. */
export function liveHolder(folder: string): Holder | null {
  const found = look(join(folder, 'lock'));
  if (found?.holder == null) return null;
  const liveness = livenessOf(found.holder);
  const fresh = Date.now() - found.modifiedMs < LOCK_TIMING.expiryMs;
  return liveness === 'alive' || (liveness === 'elsewhere' && fresh) ? found.holder : null;
}

interface Seen {
  /** Null when the file names none: half written, or damaged. */
  readonly holder: Holder | null;
  readonly text: string;
  readonly modifiedMs: number;
}

/** Since when a file has not moved, as this process has seen it. */
class Stillness {
  readonly #seen = new Map<string, { seen: Seen; sinceMs: number; moved: boolean }>();

  since(path: string, seen: Seen | null): { stillMs: number; moved: boolean } {
    const nowMs = performance.now();
    const before = this.#seen.get(path);
    if (seen === null) this.#seen.delete(path);
    else if (before?.seen.text !== seen.text) this.#seen.set(path, { seen, sinceMs: nowMs, moved: false });
    else if (before.seen.modifiedMs !== seen.modifiedMs) this.#seen.set(path, { seen, sinceMs: nowMs, moved: true });
    const now = this.#seen.get(path);
    return { stillMs: nowMs - (now?.sinceMs ?? nowMs), moved: now?.moved ?? false };
  }
}

function judge(
  found: Seen | null,
  { stillMs, moved }: { stillMs: number; moved: boolean },
  expiryMs: number,
): 'gone' | 'alive' | 'dead' | 'unknown' {
  if (found === null) return 'gone';
  const liveness = found.holder === null ? 'elsewhere' : livenessOf(found.holder);
  if (liveness !== 'elsewhere') return liveness;
  if (moved && found.holder !== null) return 'alive';
  return stillMs >= expiryMs ? 'dead' : 'unknown';
}

function inUse(folder: string, holder: Holder | null, expiryMs: number): ExitError {
  const who = holder === null ? 'another process' : describeHolder(holder);
  const elsewhere = holder !== null && livenessOf(holder) === 'elsewhere';
  return usageError(
    `run folder ${folder} is in use by ${who}${elsewhere ? ', in another container or on another machine; it is alive' : ''}`,
    elsewhere
      ? `wait for it, or stop it there; once it has ended, however it ends, its lock expires within ${expiryMs / 1000} s`
      : 'wait for it, or stop it; `backfill status` shows where it is',
  );
}

/** The open file, or null when it is there already. */
function create(path: string, text: string): number | null {
  let fd: number;
  try {
    fd = openSync(path, 'wx', 0o644);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'EEXIST') return null;
    throw error;
  }
  try {
    writeSync(fd, text);
    return fd;
  } catch (error) {
    closeSync(fd);
    rmSync(path, { force: true });
    throw error;
  }
}

function hold(path: string, created: number, mine: string, heartbeatMs: number, options: LockOptions): Lock {
  let fd = created;
  const beat = setInterval(() => {
    let found: Seen | null;
    try {
      found = look(path);
      if (found?.text === mine) {
        const now = new Date();
        futimesSync(fd, now, now);
        return;
      }
      // Removed by hand.
      const again = found === null ? create(path, mine) : null;
      if (again !== null) {
        closeSync(fd);
        fd = again;
        return;
      }
    } catch (error) {
      options.notify(`the lock ${path} could not be touched: ${(error as Error).message}`);
      return;
    }
    clearInterval(beat);
    const error = lost(path, found);
    if (options.onLost === undefined) throw error;
    options.onLost(error);
  }, heartbeatMs);
  beat.unref();
  let released = false;
  return {
    release() {
      if (released) return;
      released = true;
      clearInterval(beat);
      closeSync(fd);
      if (look(path)?.text === mine) unlinkSync(path);
    },
  };
}

function lost(path: string, found: Seen | null): ExitError {
  const by = found?.holder ? describeHolder(found.holder) : 'a process that it does not name';
  return new ExitError(
    EXIT.unavailable,
    `this process stood still for so long that its lock ${path} expired and was taken over by ${by}`,
    'the other command goes on with the run; nothing is lost',
  );
}

/**
 * Removes a dead holder's lock. Only the holder of the guard may: of three processes that find the same dead lock, a slow
 * one would otherwise remove the lock that a fast one has put in its place.
 */
function takeAway(
  path: string,
  folder: string,
  dead: Seen,
  mine: string,
  stillness: Stillness,
  expiryMs: number,
): void {
  const guard = join(folder, '.lock.takeover');
  const fd = create(guard, mine);
  if (fd === null) {
    const other = look(guard);
    // Left by one that was killed in here.
    if (judge(other, stillness.since(guard, other), expiryMs) === 'dead') rmSync(guard, { force: true });
    return;
  }
  try {
    const now = look(path);
    if (now?.text === dead.text && now.modifiedMs === dead.modifiedMs) rmSync(path, { force: true });
  } finally {
    closeSync(fd);
    rmSync(guard, { force: true });
  }
}

/** Null when there is no such file. Opened anew each time: that is when a file server tells how the file is now. */
function look(path: string): Seen | null {
  let fd: number;
  try {
    fd = openSync(path, 'r');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return null;
    throw error;
  }
  try {
    const modifiedMs = fstatSync(fd).mtimeMs;
    const text = readFileSync(fd, 'utf8');
    return { holder: parse(text), text, modifiedMs };
  } finally {
    closeSync(fd);
  }
}

function parse(text: string): Holder | null {
  try {
    return Holder.parse(JSON.parse(text));
  } catch {
    return null;
  }
}

async function pause(signal: AbortSignal | undefined): Promise<void> {
  try {
    await sleep(POLL_MS, undefined, signal === undefined ? {} : { signal });
  } catch {
    throw signal?.reason;
  }
}
