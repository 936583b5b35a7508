import { failed } from '../core/failure.js';
import type { StopFlag } from '../core/stop-flag.js';
import type { RateCell } from './rate-cell.js';

/** Longest sleep between two looks at the cell: the rate may have risen and a pause may have been extended. */
const MAX_SLEEP_MS = 250;

interface Waiter {
  readonly rank: number;
  readonly resolve: () => void;
  readonly reject: (reason: unknown) => void;
  readonly signal: AbortSignal | undefined;
}

/**
 * Who asks next, within a thread: the lowest rank, then whoever came first. A chunk's rank is its ordinal, so the chunks that
 * began first end first; if all of 128 went on in turn, a kill would find 128 chunks half done instead of the twenty that
 * the limit keeps busy. One timer serves all: a hundred waiting workers do not all wake for one slot.
 */
export class RateQueue {
  readonly #waiting: Waiter[] = [];
  #timer: NodeJS.Timeout | null = null;

  constructor(
    private readonly cell: RateCell,
    private readonly stop?: StopFlag,
  ) {}

  /** Resolves when one request may go. Rejects with the signal's reason, or FailureError `stopped` once the flag is up. */
  acquire(signal?: AbortSignal, rank = 0): Promise<void> {
    if (signal?.aborted) return Promise.reject(signal.reason);
    if (this.#waiting.length === 0 && this.cell.tryTake() === 0) return Promise.resolve();
    return new Promise((resolve, reject) => {
      let at = this.#waiting.length;
      while (at > 0 && (this.#waiting[at - 1] as Waiter).rank > rank) at--;
      this.#waiting.splice(at, 0, { rank, resolve, reject, signal });
      if (this.#timer === null) this.#pump();
    });
  }

  #pump(): void {
    this.#timer = null;
    for (let head = this.#waiting[0]; head !== undefined; head = this.#waiting[0]) {
      if (this.stop?.raised) {
        this.#waiting.shift();
        head.reject(failed('transient', 'stopped', 'the request was not sent because the run stops'));
        continue;
      }
      if (head.signal?.aborted) {
        this.#waiting.shift();
        head.reject(head.signal.reason);
        continue;
      }
      const wait = this.cell.tryTake();
      if (wait > 0) {
        this.#timer = setTimeout(() => this.#pump(), Math.min(wait, MAX_SLEEP_MS));
        return;
      }
      this.#waiting.shift();
      head.resolve();
    }
  }
}
