import { type Failure, FailureError, failureOf } from '../core/failure.js';
import type { LiveCounters } from './live-counters.js';
import type { Batch, Part, Reader, RejectedRow, Rest, Sink } from './ports.js';

/** One attempt at a unit, as plain data: what to read, from where, and how. */
export interface UnitTask {
  readonly ordinal: number;
  readonly rest: Rest;
  /** How much to ask for at once, in the reader's own unit. */
  readonly size: number;
  /** Null when the run is unpinned. */
  readonly pin: number | null;
}

/** What became of an attempt. Rows are counted when the target has acknowledged them, never before. */
export interface UnitOutcome {
  readonly ordinal: number;
  /** Null when the unit ended. */
  readonly failure: Failure | null;
  /** What is left to read; null when the unit ended. */
  readonly rest: Rest | null;
  readonly rows: number;
  readonly parts: number;
  readonly rejected: readonly RejectedRow[];
  readonly spent: Spent;
}

/** Where an attempt's time went, milliseconds; the source's share includes waiting for its rate. */
export interface Spent {
  readonly sourceMs: number;
  readonly decodeMs: number;
  readonly targetMs: number;
}

/** What an attempt needs of the world besides reader and sink. */
export interface Surroundings {
  /** Aborted once the run wants to stop: the attempt ends after the part in hand. */
  readonly stop: AbortSignal;
  /** A monotonic clock, milliseconds. */
  nowMs(): number;
  /** Told while the attempt goes on. */
  readonly counters: Pick<LiveCounters, 'acknowledged' | 'partRead'>;
}

/**
 * Reads what is left of a unit and inserts it in batches. Never throws: a failure ends the attempt, with what is left to read
 * from the last acknowledged row on.
 */
export async function runAttempt(
  task: UnitTask,
  reader: Reader,
  sink: Sink,
  surroundings: Surroundings,
): Promise<UnitOutcome> {
  const attempt = new Attempt(task, reader, sink, surroundings);
  try {
    await attempt.read();
    await attempt.flush();
    return attempt.outcome(null);
  } catch (error) {
    if (!(error instanceof FailureError)) return attempt.outcome(asBug(error));
    return attempt.outcome(await attempt.saveWhatWasRead(error.failure));
  }
}

class Attempt {
  /** What is left to read after the last part in the batch. */
  #reached: Rest | null;
  /** What was left to read at the last acknowledged insert: everything before it is in the target. */
  #rest: Rest | null;
  #restRejected = 0;
  #batch: Batch;
  #rows = 0;
  #parts = 0;
  readonly #rejected: RejectedRow[] = [];
  #sourceMs = 0;
  #decodeMs = 0;
  #targetMs = 0;

  constructor(
    private readonly task: UnitTask,
    private readonly reader: Reader,
    private readonly sink: Sink,
    private readonly surroundings: Surroundings,
  ) {
    this.#reached = task.rest;
    this.#rest = task.rest;
    this.#batch = sink.newBatch();
  }

  async read(): Promise<void> {
    const { ordinal, rest, size, pin } = this.task;
    const parts = this.reader
      .read(rest, { ordinal, size, pin, signal: this.surroundings.stop })
      [Symbol.asyncIterator]();
    try {
      for (;;) {
        const part = await this.#next(parts);
        if (part === null) break;
        if (this.#batch.rows > 0 && this.#batch.rows + part.rows > this.sink.batchRows) await this.flush();
        this.#append(part);
      }
    } finally {
      // What the reader has open for this unit, such as a stream.
      await parts.return?.();
    }
    if (this.#reached !== null) throw new Error('the reader ended before the unit did');
  }

  async #next(parts: AsyncIterator<Part>): Promise<Part | null> {
    const startMs = this.surroundings.nowMs();
    try {
      const next = await parts.next();
      return next.done === true ? null : next.value;
    } finally {
      this.#sourceMs += this.surroundings.nowMs() - startMs;
    }
  }

  #append(part: Part): void {
    const startMs = this.surroundings.nowMs();
    for (const rejected of part.append(this.#batch)) this.#rejected.push(rejected);
    this.#reached = part.rest;
    this.#parts++;
    this.surroundings.counters.partRead();
    this.#decodeMs += this.surroundings.nowMs() - startMs;
  }

  /** Inserts what is in hand; afterwards everything appended so far is acknowledged. */
  async flush(): Promise<void> {
    const batch = this.#batch;
    const { rows } = batch;
    if (rows > 0) {
      this.#batch = this.sink.newBatch();
      const startMs = this.surroundings.nowMs();
      try {
        await this.sink.insert(batch);
      } finally {
        this.#targetMs += this.surroundings.nowMs() - startMs;
      }
      this.#rows += rows;
      this.surroundings.counters.acknowledged(rows);
    }
    this.#rest = this.#reached;
    this.#restRejected = this.#rejected.length;
  }

  /** After a failure of the source the rows read before it are still worth keeping. */
  async saveWhatWasRead(failure: Failure): Promise<Failure> {
    if (failure.side === 'target') return failure;
    try {
      await this.flush();
      return failure;
    } catch (error) {
      return error instanceof FailureError ? error.failure : asBug(error);
    }
  }

  outcome(failure: Failure | null): UnitOutcome {
    return {
      ordinal: this.task.ordinal,
      failure,
      rest: this.#rest,
      rows: this.#rows,
      parts: this.#parts,
      // Rows after the last acknowledged position will be read, and rejected, again.
      rejected: this.#rejected.slice(0, this.#restRejected),
      spent: { sourceMs: this.#sourceMs, decodeMs: this.#decodeMs, targetMs: this.#targetMs },
    };
  }
}

function asBug(error: unknown): Failure {
  const what = error instanceof Error ? `${error.name}: ${error.message}` : String(error);
  return failureOf('terminal', 'bug', `unexpected error while loading: ${what}`);
}
