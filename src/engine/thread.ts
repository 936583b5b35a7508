import { workerData } from 'piscina';
import type { UnitOutcome, UnitTask } from './attempt.js';
import type { ThreadModule } from './ports.js';
import { startThread, type ThreadStart } from './start-thread.js';

/** A thread's entry: opens its connections once, then serves attempts at units, several at a time. */
const start = workerData as ThreadStart;
const thread = import(start.url).then((module: ThreadModule<unknown>) => startThread(start, module));

export default async function serve(task: UnitTask): Promise<UnitOutcome> {
  return (await thread).attempt(task);
}
