import type { Failure } from '../core/failure.js';
import { FailureError } from '../core/failure.js';
import type { Segment } from '../datasets/fills/plan/segment.js';
import { takeLanes } from '../datasets/fills/plan/segments.js';
import type { FillTexts } from '../datasets/fills/subgraph/fill-texts.js';
import type { LanePage } from '../datasets/fills/subgraph/page.js';

/** One attempt at a chunk, as plain data: what to read, from where, and how. */
export interface ChunkTask {
  readonly ordinal: number;
  readonly segments: readonly Segment[];
  readonly pageRows: number;
  /** Null when the run is unpinned. */
  readonly block: number | null;
}

export interface RejectedRow {
  readonly reason: string;
  /** The row as the source sent it. */
  readonly row: unknown;
}

/** What became of an attempt. Rows are counted when ClickHouse has acknowledged them, never before. */
export interface ChunkOutcome {
  readonly ordinal: number;
  /** Null when the chunk ended. */
  readonly failure: Failure | null;
  /** What is left to read; empty when the chunk ended. */
  readonly rest: readonly Segment[];
  readonly rows: number;
  readonly pages: number;
  readonly requests: number;
  readonly rejected: readonly RejectedRow[];
  readonly spent: Spent;
}

/** Where an attempt's time went, milliseconds; the source's share includes waiting for the rate limit. */
export interface Spent {
  readonly sourceMs: number;
  readonly decodeMs: number;
  readonly targetMs: number;
}

export interface Batch {
  readonly rows: number;
  /** The bytes of the rows so far; the batch does not write to them again. */
  take(): Uint8Array;
}

/** How a page is asked for, and for which chunk. */
export type PageAsked = Pick<ChunkTask, 'ordinal' | 'block' | 'pageRows'>;

/** What an attempt needs of the world. A thread makes it once; tests make it in-process. */
export interface ChunkTools {
  /** Waits for the rate limit, chunks of low ordinals first, then asks. Throws FailureError. */
  fetchPage(lanes: readonly Segment[], page: PageAsked): Promise<LanePage[]>;
  newBatch(): Batch;
  /** Rows of one INSERT at most. */
  readonly batchRows: number;
  /** Null when the row is in the batch; otherwise why it was rejected, the batch unchanged. */
  encode(rows: FillTexts, at: number, batch: Batch): string | null;
  /** Resolves when the rows are acknowledged. Throws FailureError. */
  insert(bytes: Uint8Array, rows: number): Promise<void>;
  /** True once the run wants to stop: the attempt ends after the page in hand. */
  stopRequested(): boolean;
  /** A monotonic clock, milliseconds. */
  nowMs(): number;
}

/**
 * Reads a chunk's segments to the end, two lanes a request, and inserts the rows in batches. Never throws: a failure
 * ends the attempt, with what is left to read from the last acknowledged row on.
 */
export async function runChunk(task: ChunkTask, tools: ChunkTools): Promise<ChunkOutcome> {
  const attempt = new Attempt(task, tools);
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
  #queue: Segment[];
  /** The lanes of the request in hand; each gives way to its rest once its page is encoded. */
  #lanes: (readonly Segment[])[] = [];
  /** What was left to read at the last acknowledged insert: everything before it is in ClickHouse. */
  #rest: readonly Segment[];
  #restRejected = 0;
  #batch: Batch;
  #rows = 0;
  #pages = 0;
  #requests = 0;
  readonly #rejected: RejectedRow[] = [];
  #sourceMs = 0;
  #decodeMs = 0;
  #targetMs = 0;

  constructor(
    private readonly task: ChunkTask,
    private readonly tools: ChunkTools,
  ) {
    this.#queue = [...task.segments];
    this.#rest = task.segments;
    this.#batch = tools.newBatch();
  }

  async read(): Promise<void> {
    while (this.#queue.length > 0) {
      if (this.tools.stopRequested()) {
        throw new FailureError({ kind: 'transient', code: 'stopped', message: 'the run was asked to stop' });
      }
      const lanes = takeLanes(this.#queue, this.task.pageRows);
      this.#lanes = lanes.map((lane) => [lane]);
      const pages = await this.#fetch(lanes);
      for (const [index, page] of pages.entries()) {
        this.#encode(page);
        this.#lanes[index] = page.next;
        if (this.#batch.rows + this.task.pageRows > this.tools.batchRows) await this.flush();
      }
      this.#queue = this.#left();
      this.#lanes = [];
    }
  }

  async #fetch(lanes: readonly Segment[]): Promise<LanePage[]> {
    const startMs = this.tools.nowMs();
    this.#requests++;
    try {
      return await this.tools.fetchPage(lanes, this.task);
    } finally {
      this.#sourceMs += this.tools.nowMs() - startMs;
    }
  }

  #encode(page: LanePage): void {
    const startMs = this.tools.nowMs();
    this.#pages++;
    for (const bad of page.malformed) this.#rejected.push(bad);
    const { rows } = page;
    for (let at = 0; at < rows.length; at++) {
      const reason = this.tools.encode(rows, at, this.#batch);
      if (reason !== null) this.#rejected.push({ reason, row: rows.row(at) });
    }
    this.#decodeMs += this.tools.nowMs() - startMs;
  }

  #left(): Segment[] {
    return [...this.#lanes.flat(), ...this.#queue];
  }

  /** Inserts what is in hand; afterwards everything encoded so far is acknowledged. */
  async flush(): Promise<void> {
    const { rows } = this.#batch;
    if (rows > 0) {
      const bytes = this.#batch.take();
      this.#batch = this.tools.newBatch();
      const startMs = this.tools.nowMs();
      try {
        await this.#insert(bytes, rows);
      } finally {
        this.#targetMs += this.tools.nowMs() - startMs;
      }
      this.#rows += rows;
    }
    this.#rest = this.#left();
    this.#restRejected = this.#rejected.length;
  }

  /** A page may be larger than a batch: `--batch-rows 100`. */
  async #insert(bytes: Uint8Array, rows: number): Promise<void> {
    const rowBytes = bytes.length / rows;
    for (let from = 0; from < rows; from += this.tools.batchRows) {
      const to = Math.min(rows, from + this.tools.batchRows);
      await this.tools.insert(bytes.subarray(from * rowBytes, to * rowBytes), to - from);
    }
  }

  /** After a failure of the source the rows read before it are still worth keeping. */
  async saveWhatWasRead(failure: Failure): Promise<Failure> {
    if (failure.code.startsWith('target_')) return failure;
    try {
      await this.flush();
      return failure;
    } catch (error) {
      return error instanceof FailureError ? error.failure : asBug(error);
    }
  }

  outcome(failure: Failure | null): ChunkOutcome {
    return {
      ordinal: this.task.ordinal,
      failure,
      rest: this.#rest,
      rows: this.#rows,
      pages: this.#pages,
      requests: this.#requests,
      // Rows after the last acknowledged position will be read, and rejected, again.
      rejected: this.#rejected.slice(0, this.#restRejected),
      spent: { sourceMs: this.#sourceMs, decodeMs: this.#decodeMs, targetMs: this.#targetMs },
    };
  }
}

function asBug(error: unknown): Failure {
  const message = error instanceof Error ? `${error.name}: ${error.message}` : String(error);
  return { kind: 'terminal', code: 'bug', message: `unexpected error while loading a chunk: ${message}` };
}
