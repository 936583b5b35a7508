import { spawn } from 'node:child_process';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Engine } from './engine-package.js';

const LAST_WORDS_CHARS = 8_000;

export interface EngineProcess {
  readonly pid: number | undefined;
  /** How it ended, once it has. */
  readonly exited: string | undefined;
  /** The end of what it wrote to stderr. */
  lastWords(): string;
  /** Closes its stdin, which ends it in order; kills it when it has not ended after the grace period. */
  stop(graceMs: number): Promise<void>;
}

/**
 * Starts clickhouse local in a child process. It has a process group of its own, so that Ctrl-C reaches the tool and not the
 * server, and it lives as long as its stdin is open: the system closes that when this process ends, however it ends.
 * `ports`: those that it may listen on, while no connection leaves it (`sandbox.ts`). Null: its network has no bounds.
 */
export function spawnEngine(
  engine: Engine,
  { cwd, ports, args }: { cwd: string; ports: readonly number[] | null; args: readonly string[] },
): EngineProcess {
  const child = spawn(
    process.execPath,
    [engine.entry, engine.library, ports?.join(',') ?? '-', 'clickhouse', ...args],
    {
      cwd,
      detached: true,
      // Nothing of ours: no secrets in its environment, no NODE_OPTIONS.
      env: { TZ: 'UTC' },
      stdio: ['pipe', 'ignore', 'pipe'],
      windowsHide: true,
    },
  );
  let exited: string | undefined;
  let words = '';
  const ended = new Promise<void>((resolve) => {
    child.once('error', (error) => {
      exited = error.message;
      resolve();
    });
    // `close` comes after the last of stderr has been read.
    child.once('close', (code, signal) => {
      exited = signal === null ? `exit code ${code}` : `killed by ${signal}`;
      resolve();
    });
  });
  child.stderr.setEncoding('utf8');
  child.stderr.on('data', (text: string) => {
    words = (words + text).slice(-LAST_WORDS_CHARS);
  });
  child.stdin.on('error', () => undefined);
  // A server that nobody stops must not keep its owner alive.
  child.unref();
  for (const stream of [child.stdin, child.stderr]) (stream as unknown as { unref(): void }).unref();

  return {
    pid: child.pid,
    get exited() {
      return exited;
    },
    lastWords: () => words.trim(),
    stop: async (graceMs) => {
      if (exited !== undefined) return;
      child.ref();
      child.stdin.end();
      const timer = new AbortController();
      const late = sleep(graceMs, 'late' as const, { signal: timer.signal }).catch(() => 'ended' as const);
      if ((await Promise.race([ended.then(() => 'ended' as const), late])) === 'late') child.kill('SIGKILL');
      await ended;
      timer.abort();
    },
  };
}
