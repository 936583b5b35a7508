import { StopFlag } from '../core/stop-flag.js';
import { runAttempt, type UnitOutcome, type UnitTask } from './attempt.js';
import { LiveCounters } from './live-counters.js';
import type { ThreadModule } from './ports.js';

/** What a thread is started with: plain data and shared memory. */
export interface ThreadStart<Settings = unknown> {
  /** Of the data set's module, which opens reader and sink. */
  readonly url: string;
  readonly settings: Settings;
  /** Units in flight over all threads. */
  readonly units: number;
  readonly stopMemory: SharedArrayBuffer;
  readonly countersMemory: SharedArrayBuffer;
}

export interface StartedThread {
  attempt(task: UnitTask): Promise<UnitOutcome>;
  close(): Promise<void>;
}

/** Opens a thread's own reader and sink. Throws FailureError. */
export async function startThread(
  { settings, units, stopMemory, countersMemory }: ThreadStart,
  module: ThreadModule<unknown>,
): Promise<StartedThread> {
  const { signal, release } = new StopFlag(stopMemory).signal();
  const { reader, sink } = await module.open(settings, units);
  const surroundings = { stop: signal, nowMs: () => performance.now(), counters: new LiveCounters(countersMemory) };
  return {
    attempt: (task) => runAttempt(task, reader, sink, surroundings),
    async close() {
      release();
      await reader.close();
      await sink.close();
    },
  };
}
