/** One start of the real program, until it ends or is ended. */
import { spawn } from 'node:child_process';
import { closeSync, openSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { type Place, programIn, wrapperOf } from './places.js';
import type { Kill, Moment, Signal } from './scenario.js';

export interface Ended {
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
  /** What we sent it, in order. */
  readonly sent: readonly Signal[];
  readonly ms: number;
  readonly out: string;
  /** It did not end within the harness's patience. */
  readonly hung: boolean;
}

/** Counts what happens, and tells those who wait for the n-th of its kind. */
export class Happenings {
  #counts = new Map<Moment['on'], number>();
  #waiting: { when: Moment; tell: () => void }[] = [];

  happened(on: Moment['on']): void {
    const nth = this.#counts.get(on) ?? 0;
    this.#counts.set(on, nth + 1);
    for (const waiter of [...this.#waiting]) {
      if (waiter.when.on !== on || waiter.when.on === 'time' || waiter.when.nth > nth) continue;
      this.#waiting = this.#waiting.filter((other) => other !== waiter);
      waiter.tell();
    }
  }

  /** Counted from now on. Returns how to forget it. */
  at(when: Moment, tell: () => void): () => void {
    if (when.on === 'time') {
      const timer = setTimeout(tell, when.ms);
      return () => clearTimeout(timer);
    }
    const waiter = { when: { ...when, nth: when.nth + (this.#counts.get(when.on) ?? 0) }, tell };
    this.#waiting.push(waiter);
    return () => {
      this.#waiting = this.#waiting.filter((other) => other !== waiter);
    };
  }
}

export interface SittingOptions {
  readonly main: string;
  readonly place: Place;
  readonly args: readonly string[];
  readonly env: Readonly<Record<string, string>>;
  /** Output goes to a file there: `<name>.out`. */
  readonly dir: string;
  readonly name: string;
  /** All of them are armed; `onStruck` is told of each that comes to pass. */
  readonly kills: readonly Kill[];
  readonly onStruck: (kill: Kill) => void;
  readonly happenings: Happenings;
  readonly patienceMs: number;
}

export async function sit(options: SittingOptions): Promise<Ended> {
  const outFile = join(options.dir, `${options.name}.out`);
  const fd = openSync(outFile, 'w');
  const startMs = performance.now();
  const wrapper = wrapperOf(options.place, `host-${options.name}`);
  const [command = '', ...args] = [...wrapper, process.execPath, options.main, ...options.args];
  const child = spawn(command, args, {
    cwd: options.dir,
    env: { PATH: process.env.PATH ?? '', ...options.env },
    stdio: ['ignore', fd, fd],
    // Ctrl-C is for the harness, which lets the seeds in hand end.
    detached: true,
  });
  closeSync(fd);
  const sent: Signal[] = [];
  const timers: NodeJS.Timeout[] = [];
  const send = (signal: Signal) => {
    if (child.exitCode !== null || child.signalCode !== null) return;
    sent.push(signal);
    signalTo(programIn(options.place, child.pid as number, signal), signal);
  };
  const armed = options.kills.map((kill) =>
    options.happenings.at(kill.when, () => {
      options.onStruck(kill);
      for (const { signal, afterMs } of kill.signals) {
        if (afterMs === 0) send(signal);
        else timers.push(setTimeout(() => send(signal), afterMs));
      }
    }),
  );
  let hung = false;
  const patience = setTimeout(() => {
    hung = true;
    child.kill('SIGKILL');
  }, options.patienceMs);
  const [code, signal] = await new Promise<[number | null, NodeJS.Signals | null]>((resolve, reject) => {
    child.once('error', reject);
    child.once('close', (exitCode, exitSignal) => resolve([exitCode, exitSignal]));
  });
  clearTimeout(patience);
  for (const forget of armed) forget();
  for (const timer of timers) clearTimeout(timer);
  return { code, signal, sent, hung, ms: performance.now() - startMs, out: readFileSync(outFile, 'utf8') };
}

function signalTo(pid: number, signal: Signal): void {
  try {
    process.kill(pid, signal);
  } catch (error) {
    // It has just ended.
    if ((error as NodeJS.ErrnoException).code !== 'ESRCH') throw error;
  }
}
