import type { HostRate } from './host-rate.js';
import { RateCell, type RateMemory } from './rate-cell.js';
import { RateQueue } from './rate-queue.js';

/** A host's rate as one thread sees it: the cell is everyone's, the queue before it the thread's own. */
export function sharedRate(memory: RateMemory): HostRate {
  const cell = new RateCell(memory);
  const queue = new RateQueue(cell);
  return {
    acquire: (signal, rank) => queue.acquire(signal, rank),
    answered: () => cell.answered(),
    refused: (retryAfterMs) => cell.refused(retryAfterMs),
  };
}
