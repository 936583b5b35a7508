import { availableParallelism } from 'node:os';
import { Piscina } from 'piscina';
import { failureOf } from '../core/failure.js';
import type { StopFlag } from '../core/stop-flag.js';
import type { UnitOutcome, UnitTask } from './attempt.js';
import type { LiveCounters } from './live-counters.js';
import type { ThreadEntry } from './ports.js';
import { startThread, type ThreadStart } from './start-thread.js';

/** Runs attempts at units; the caller decides how many at once. */
export interface Pool {
  readonly threads: number;
  /** Resolves with the outcome, also of a failure; a thread that died is a failure like any other. */
  run(task: UnitTask): Promise<UnitOutcome>;
  /** Ends every thread, however it hangs, and begins new ones; what they were doing comes back as lost. */
  restart(): Promise<void>;
  close(): Promise<void>;
}

export interface PoolOptions<Settings> {
  readonly entry: ThreadEntry<Settings>;
  readonly settings: Settings;
  /** Units in flight over all threads. */
  readonly units: number;
  readonly stop: StopFlag;
  readonly counters: LiveCounters;
  /** 0: all in this thread. Default: one for each core. */
  readonly threads?: number | undefined;
}

export function openPool<Settings>(options: PoolOptions<Settings>): Pool {
  const { entry, settings, units, stop, counters, threads = availableParallelism() } = options;
  const start: ThreadStart<Settings> = {
    url: entry.url,
    settings,
    units,
    stopMemory: stop.memory,
    countersMemory: counters.memory,
  };
  return threads === 0 ? inProcessPool(start, entry) : threadPool(start, threads);
}

function threadPool(start: ThreadStart, threads: number): Pool {
  let piscina = startThreads(start, threads);
  return {
    threads,
    async run(task) {
      try {
        return (await piscina.run(task)) as UnitOutcome;
      } catch (error) {
        return lostThread(task, error);
      }
    },
    async restart() {
      const old = piscina;
      piscina = startThreads(start, threads);
      await old.destroy();
    },
    async close() {
      await piscina.destroy();
    },
  };
}

function startThreads(start: ThreadStart, threads: number): Piscina {
  const piscina = new Piscina({
    filename: new URL('./thread.js', import.meta.url).href,
    workerData: start,
    minThreads: threads,
    maxThreads: threads,
    concurrentTasksPerWorker: Math.max(1, Math.ceil(start.units / threads)),
    // The default freezes an idle thread's event loop: its timers and sockets would stop.
    atomics: 'disabled',
    // Rows make no objects: what is young is little, and a larger room only costs memory.
    resourceLimits: { maxYoungGenerationSizeMb: 24 },
  });
  // A thread that ends while it has nothing to do costs nothing; the error of one that has comes with its tasks.
  piscina.on('error', () => {});
  return piscina;
}

/** No threads: for tests, for little data, and for machines where one core is all there is. */
function inProcessPool<Settings>(start: ThreadStart<Settings>, entry: ThreadEntry<Settings>): Pool {
  const started = entry.load().then((module) => startThread(start, module));
  return {
    threads: 0,
    async run(task) {
      return (await started).attempt(task);
    },
    // What hangs here hangs all of the program: nobody could ask for this.
    restart: () => Promise.resolve(),
    async close() {
      await (await started).close();
    },
  };
}

function lostThread(task: UnitTask, error: unknown): UnitOutcome {
  const message = error instanceof Error ? error.message : String(error);
  return {
    ordinal: task.ordinal,
    failure: failureOf('transient', 'thread_lost', `a thread ended while it loaded: ${message}`),
    rest: task.rest,
    rows: 0,
    parts: 0,
    rejected: [],
    spent: { sourceMs: 0, decodeMs: 0, targetMs: 0 },
  };
}
