import { workerData } from 'piscina';
import { type ChunkOutcome, type ChunkTask, runChunk } from './attempt.js';
import { makeTools, type ThreadSettings } from './thread-tools.js';

/** A thread's entry: opens its connections once, then serves attempts at chunks, several at a time. */
const tools = makeTools(workerData as ThreadSettings);

export default async function serve(task: ChunkTask): Promise<ChunkOutcome> {
  return runChunk(task, (await tools).chunk);
}
