import { spawn } from 'node:child_process';
import { onTestFinished } from 'vitest';
import { built, type Ended, endOf } from './node-child.js';

export interface ProgramOptions {
  /** A folder of the test's own: `.env`, `checkpoints` and `.clickhouse` are looked for there. */
  readonly cwd: string;
  readonly env?: Readonly<Record<string, string>>;
  /** To run as another user; only root may. */
  readonly uid?: number;
}

export interface Program {
  readonly pid: number;
  readonly stdout: () => string;
  readonly stderr: () => string;
  readonly ended: Promise<Ended>;
  kill(signal: NodeJS.Signals): void;
  /** Resolves once stdout or stderr holds the text; throws when the program ends without it. */
  waitFor(text: string | RegExp): Promise<void>;
}

/** Starts the built program. What the developer's shell has set does not reach it. Killed when the test ends. */
export function spawnBackfill(args: readonly string[], { cwd, env = {}, uid }: ProgramOptions): Program {
  const { PATH = '', HOME = '', TMPDIR } = process.env;
  const child = spawn(process.execPath, [built('main.js'), ...args], {
    cwd,
    env: { PATH, HOME, ...(TMPDIR === undefined ? {} : { TMPDIR }), ...env },
    stdio: ['ignore', 'pipe', 'pipe'],
    ...(uid === undefined ? {} : { uid, gid: uid }),
  });
  let text = { stdout: '', stderr: '' };
  const waiting = new Set<() => void>();
  const ended = endOf(child, (soFar) => {
    text = soFar;
    for (const look of waiting) look();
  });
  onTestFinished(async () => {
    if (child.exitCode === null && child.signalCode === null) child.kill('SIGKILL');
    await ended.catch(() => undefined);
  });
  return {
    pid: child.pid as number,
    stdout: () => text.stdout,
    stderr: () => text.stderr,
    ended,
    kill: (signal) => void child.kill(signal),
    waitFor: (wanted) =>
      new Promise((resolve, reject) => {
        const look = () => {
          const all = `${text.stdout}\n${text.stderr}`;
          if (typeof wanted === 'string' ? !all.includes(wanted) : !wanted.test(all)) return;
          waiting.delete(look);
          resolve();
        };
        waiting.add(look);
        look();
        void ended.then(({ code }) => {
          if (waiting.has(look))
            reject(new Error(`ended with ${code} without ${wanted}:\n${text.stdout}${text.stderr}`));
        });
      }),
  };
}

/** Runs the built program to its end. */
export function backfill(args: readonly string[], options: ProgramOptions): Promise<Ended> {
  return spawnBackfill(args, options).ended;
}
