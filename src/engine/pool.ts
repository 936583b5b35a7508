import { availableParallelism } from 'node:os';
import { Piscina } from 'piscina';
import type { ChunkOutcome, ChunkTask } from './attempt.js';
import { runChunk } from './attempt.js';
import { makeTools, type ThreadSettings } from './thread-tools.js';

/** Runs attempts at chunks; the caller decides how many at once. */
export interface ChunkPool {
  readonly threads: number;
  /** Resolves with the outcome, also of a failure; a thread that died is a failure like any other. */
  run(task: ChunkTask): Promise<ChunkOutcome>;
  /** Ends every thread, however it hangs, and begins new ones; what they were doing comes back as lost. */
  restart(): Promise<void>;
  close(): Promise<void>;
}

export function openPool(settings: ThreadSettings, threads = availableParallelism()): ChunkPool {
  return threads === 0 ? inProcessPool(settings) : threadPool(settings, threads);
}

function threadPool(settings: ThreadSettings, threads: number): ChunkPool {
  let piscina = startThreads(settings, threads);
  return {
    threads,
    async run(task) {
      try {
        return (await piscina.run(task)) as ChunkOutcome;
      } catch (error) {
        return lostThread(task, error);
      }
    },
    async restart() {
      const old = piscina;
      piscina = startThreads(settings, threads);
      await old.destroy();
    },
    async close() {
      await piscina.destroy();
    },
  };
}

function startThreads(settings: ThreadSettings, threads: number): Piscina {
  const piscina = new Piscina({
    filename: new URL('./thread.js', import.meta.url).href,
    workerData: settings,
    minThreads: threads,
    maxThreads: threads,
    concurrentTasksPerWorker: Math.max(1, Math.ceil(settings.concurrency / threads)),
    // The default freezes an idle thread's event loop: its timers and sockets would stop.
    atomics: 'disabled',
    // Rows make no objects: what is young is little, and a larger room only costs memory.
    resourceLimits: { maxYoungGenerationSizeMb: 24 },
  });
  // A thread that ends while it has nothing to do costs nothing; the error of one that has comes with its tasks.
  piscina.on('error', () => {});
  return piscina;
}

/** No threads: for tests, and for machines where one core is all there is. */
function inProcessPool(settings: ThreadSettings): ChunkPool {
  const tools = makeTools(settings);
  return {
    threads: 0,
    async run(task) {
      return runChunk(task, (await tools).chunk);
    },
    // What hangs here hangs all of the program: nobody could ask for this.
    restart: () => Promise.resolve(),
    async close() {
      await (await tools).close();
    },
  };
}

function lostThread(task: ChunkTask, error: unknown): ChunkOutcome {
  const message = error instanceof Error ? error.message : String(error);
  return {
    ordinal: task.ordinal,
    failure: { kind: 'transient', code: 'thread_lost', message: `a thread ended while it loaded a chunk: ${message}` },
    rest: task.segments,
    rows: 0,
    pages: 0,
    requests: 0,
    rejected: [],
    spent: { sourceMs: 0, decodeMs: 0, targetMs: 0 },
  };
}
