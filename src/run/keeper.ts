import type { Checkpoint, FailedChunk } from './checkpoint.js';
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

/**
 * The one owner of a run's checkpoint while it runs. Changes gather in memory and reach the disk at most every 500
 * markets or 5 seconds, and when asked: what a crash loses is repeated, never lost.
 */
export class CheckpointKeeper {
  #current: Checkpoint;
  #dirty = false;
  #writtenAtMs: number;
  #marketsAtWrite: number;
  readonly #rejectedIds = new Set<string>();

  constructor(
    private readonly folder: RunFolder,
    checkpoint: Checkpoint,
    private readonly nowMs: () => number,
    private readonly isoNow: () => string,
  ) {
    this.#current = checkpoint;
    this.#writtenAtMs = nowMs();
    this.#marketsAtWrite = checkpoint.marketsDone;
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
  }

  /** Call now and then: writes when enough has gathered. */
  writeIfDue(): void {
    if (!this.#dirty) return;
    const due =
      this.nowMs() - this.#writtenAtMs >= WRITE_EVERY_MS ||
      this.#current.marketsDone - this.#marketsAtWrite >= WRITE_EVERY_MARKETS;
    if (due) this.write();
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

export function isDone(checkpoint: Checkpoint, ordinal: number): boolean {
  return contains(checkpoint.done, ordinal);
}

function mutable(set: IntervalSet): [number, number][] {
  return set.map(([from, to]) => [from, to]);
}
