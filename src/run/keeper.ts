import { CHECKPOINT_VERSION, type Checkpoint, type FailedChunk, type Step } from './checkpoint.js';
import { appendDurably } from './durable-file.js';
import { contains, fromNumbers, type IntervalSet, union } from './intervals.js';
import type { RunFolder } from './run-folder.js';

/** What a chunk that ended adds to the run. */
export interface ChunkRecord {
  readonly ordinal: number;
  readonly rows: number;
  readonly markets: number;
  readonly rejected: readonly { readonly reason: string; readonly row: unknown }[];
}

export const WRITE_EVERY_MARKETS = 500;
const WRITE_EVERY_MS = 5000;

/** What a run knows of itself when it begins; everything else begins empty. */
export type NewRun = Pick<
  Checkpoint,
  'dataset' | 'fingerprint' | 'block' | 'chunks' | 'expectedRows' | 'expectedRequests' | 'requests'
> &
  Partial<Pick<Checkpoint, 'pinned' | 'unpinnedWhy' | 'refresh' | 'replaceStaging' | 'uncounted' | 'prepared'>>;

/**
 * The one owner of a run's checkpoint while it runs, and its only writer. Changes gather in memory and reach the disk at most
 * every 500 markets or 5 seconds, at once with the first rows of a sitting, and when asked: what a crash loses is repeated,
 * never lost. The caller holds the run's lock.
 */
export class CheckpointKeeper {
  #current: Checkpoint;
  #dirty = false;
  #writtenAtMs: number;
  #marketsAtWrite: number;
  /** Until the first rows of this sitting are on disk, nobody should have to wait for them. */
  #rowsWritten = false;
  readonly #rowsAtStart: number;
  readonly #rejectedIds = new Set<string>();

  constructor(
    private readonly folder: RunFolder,
    checkpoint: Checkpoint,
    private readonly nowMs: () => number = () => performance.now(),
    private readonly isoNow: () => string = () => new Date().toISOString(),
  ) {
    this.#current = checkpoint;
    this.#rowsAtStart = checkpoint.rows;
    this.#writtenAtMs = nowMs();
    this.#marketsAtWrite = checkpoint.marketsDone;
  }

  /** Writes the first checkpoint of a run whose plan is written: from here on the same command resumes. */
  static begin(
    folder: RunFolder,
    run: NewRun,
    isoNow: () => string = () => new Date().toISOString(),
  ): CheckpointKeeper {
    const now = isoNow();
    const keeper = new CheckpointKeeper(
      folder,
      {
        version: CHECKPOINT_VERSION,
        run: folder.id,
        createdAt: now,
        updatedAt: now,
        pinned: true,
        unpinnedWhy: null,
        refresh: false,
        replaceStaging: false,
        uncounted: [],
        prepared: false,
        done: [],
        failed: [],
        rows: 0,
        rejected: 0,
        throttled: 0,
        retries: 0,
        sittings: 0,
        activeMs: 0,
        pace: null,
        loading: null,
        marketsDone: 0,
        markets: 0,
        steps: {},
        ...run,
      },
      undefined,
      isoNow,
    );
    keeper.write();
    return keeper;
  }

  get current(): Checkpoint {
    return this.#current;
  }

  /** Call only after ClickHouse has acknowledged every row of the chunk. */
  chunkDone(record: ChunkRecord): void {
    const now = this.#current;
    if (isDone(now, record.ordinal)) {
      throw new Error(`chunk ${record.ordinal} ended twice`);
    }
    const rejected = this.#keepRejected(record);
    this.#change({
      done: mutable(union(now.done, fromNumbers([record.ordinal]))),
      failed: now.failed.filter((chunk) => chunk.ordinal !== record.ordinal),
      rows: now.rows + record.rows,
      marketsDone: now.marketsDone + record.markets,
      rejected: now.rejected + rejected,
    });
  }

  chunkFailed(failed: FailedChunk): void {
    const others = this.#current.failed.filter((chunk) => chunk.ordinal !== failed.ordinal);
    this.#change({ failed: [...others, failed].sort((a, b) => a.ordinal - b.ordinal) });
  }

  /** Figures and marks; the caller may ask for the disk at once. */
  update(change: Partial<Checkpoint>, options: { durable: boolean } = { durable: false }): void {
    this.#current = { ...this.#current, ...change };
    this.#dirty = true;
    if (options.durable) this.write();
  }

  write(): void {
    this.#current = { ...this.#current, updatedAt: this.isoNow() };
    this.folder.writeCheckpoint(this.#current);
    this.#dirty = false;
    this.#writtenAtMs = this.nowMs();
    this.#marketsAtWrite = this.#current.marketsDone;
    this.#rowsWritten = this.#hasRows;
  }

  /** Call now and then: writes when enough has gathered. */
  writeIfDue(): void {
    if (!this.#dirty) return;
    const due =
      (!this.#rowsWritten && this.#hasRows) ||
      this.nowMs() - this.#writtenAtMs >= WRITE_EVERY_MS ||
      this.#current.marketsDone - this.#marketsAtWrite >= WRITE_EVERY_MARKETS;
    if (due) this.write();
  }

  get #hasRows(): boolean {
    const { rows, loading } = this.#current;
    return rows > this.#rowsAtStart || (loading?.rows ?? 0) > 0;
  }

  #change(change: Partial<Checkpoint>): void {
    this.#current = { ...this.#current, ...change };
    this.#dirty = true;
    this.writeIfDue();
  }

  /** Durable before the checkpoint that counts them. A row that both lanes met is kept once. */
  #keepRejected(record: ChunkRecord): number {
    const lines: string[] = [];
    for (const { reason, row } of record.rejected) {
      const id = (row as { id?: unknown } | null)?.id;
      if (typeof id === 'string') {
        if (this.#rejectedIds.has(id)) continue;
        this.#rejectedIds.add(id);
      }
      lines.push(JSON.stringify({ chunk: record.ordinal, reason, row }));
    }
    if (lines.length > 0) appendDurably(this.folder.rejectedPath, `${lines.join('\n')}\n`);
    return lines.length;
  }

  /** After a crash `rejected.ndjson` may hold rows of chunks that did not make it into the checkpoint: they come again. */
  resumeRejected(): void {
    const kept = this.folder.readRejected().filter(({ chunk }) => isDone(this.#current, chunk));
    this.folder.writeRejected(kept);
    for (const { row } of kept) {
      const id = (row as { id?: unknown } | null)?.id;
      if (typeof id === 'string') this.#rejectedIds.add(id);
    }
    this.update({ rejected: kept.length });
  }
}

/**
 * Notes in the checkpoint on disk that a step of the job was made, or with null that it no longer holds. For steps after the
 * load; the caller holds the run's lock. Returns what was written.
 */
export function noteStep(folder: RunFolder, step: Step, at: string | null): Checkpoint | null {
  const checkpoint = folder.readCheckpoint();
  if (checkpoint === null) return null;
  const { [step]: _before, ...others } = checkpoint.steps;
  const keeper = new CheckpointKeeper(folder, checkpoint);
  keeper.update({ steps: at === null ? others : { ...others, [step]: at } }, { durable: true });
  return keeper.current;
}

export function isDone(checkpoint: Checkpoint, ordinal: number): boolean {
  return contains(checkpoint.done, ordinal);
}

function mutable(set: IntervalSet): [number, number][] {
  return set.map(([from, to]) => [from, to]);
}
