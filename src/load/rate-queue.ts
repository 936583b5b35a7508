import type { RateCell } from './rate-cell.js';

/** Longest sleep between two looks at the cell: the rate may have risen and a pause may have been extended. */
const MAX_SLEEP_MS = 250;

interface Waiter {
  readonly resolve: () => void;
  readonly reject: (reason: unknown) => void;
  readonly signal: AbortSignal | undefined;
}

/** First come, first served within a thread, with one timer: a hundred waiting workers do not all wake for one slot. */
export class RateQueue {
  readonly #waiting: Waiter[] = [];
  #timer: NodeJS.Timeout | null = null;

  constructor(private readonly cell: RateCell) {}

  acquire(signal?: AbortSignal): Promise<void> {
    if (signal?.aborted) return Promise.reject(signal.reason);
    if (this.#waiting.length === 0 && this.cell.tryTake() === 0) return Promise.resolve();
    return new Promise((resolve, reject) => {
      this.#waiting.push({ resolve, reject, signal });
      if (this.#timer === null) this.#pump();
    });
  }

  #pump(): void {
    this.#timer = null;
    for (let head = this.#waiting[0]; head !== undefined; head = this.#waiting[0]) {
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
