/**
 * What the engine knows of a data set, all of it. The engine plans nothing, asks nobody and knows no table: a data set cuts
 * its work into units, a reader brings a unit's rows part by part, a sink writes them, a run store remembers what is done.
 *
 *     units ──► loader ──► threads: reader.read(rest) ──► part.append(batch) ──► sink.insert(batch)
 *                 ▲                                                                    │ acknowledged
 *                 └───────────────── run store: done, failed ◄─────────────────────────┘
 *
 * The pair of a reader and a sink lives in a thread. `rest` and settings travel there and back, so they are plain data.
 */
import type { Failure } from '../core/failure.js';

/** What is left to read of a unit, as only its reader understands it: JSON data, an object or a list. */
export type Rest = object;

/** The unit of scheduling, retry and checkpoint. Units are disjoint and together are the plan of the run. */
export interface Unit<R extends Rest = Rest> {
  /** Its identity in checkpoints, logs and messages; prints and parses without loss. */
  readonly name: string;
  /** Rows that the plan expects; null where nobody can know. */
  readonly expectedRows: number | null;
  /** All of it, before the first part is read. */
  readonly rest: R;
}

/** The frozen plan as the engine sees it. A unit's ordinal is its place, from 0; the same run gives the same units. */
export interface Units {
  readonly count: number;
  /** Rows of all units; null where nobody can know. */
  readonly expectedRows: number | null;
  at(ordinal: number): Unit;
}

/** How a unit is to be read. */
export interface Ask {
  readonly ordinal: number;
  /** The one view of the source that every part of a run is read at, such as a block; null when there is none. */
  readonly pin: number | null;
  /** How much to ask for at once, in the reader's own unit; it shrinks when the source cannot keep up. */
  readonly size: number;
  /** Aborted when the run is to stop: end after the part in hand, with FailureError `stopped`. */
  readonly signal: AbortSignal;
}

/** A row that could not be decoded. Nothing is put in its place. */
export interface RejectedRow {
  readonly reason: string;
  /** As the source sent it; its `id`, where it has one, tells that it came before. */
  readonly row: unknown;
}

/** Some rows that arrived together. The engine appends parts in the order they come. */
export interface Part<B extends Batch = Batch, R extends Rest = Rest> {
  /** What is left of the unit once this part is in the batch; null when it was the last. */
  readonly rest: R | null;
  /** Rows that `append` adds at most. */
  readonly rows: number;
  /** Decodes into the batch; returns what was rejected. Throws nothing but defects. */
  append(batch: B): readonly RejectedRow[];
}

/** One for each thread; several units are read at once. */
export interface Reader<B extends Batch = Batch, R extends Rest = Rest> {
  /**
   * Reads on from `rest`. Waits for the rate of its host itself and says there what was answered. It may ask ahead, since the
   * engine takes the next part only when the last is appended, and inserted where the batch was full. Throws FailureError; a
   * unit that ends has yielded a part whose rest is null.
   */
  read(rest: R, ask: Ask): AsyncIterable<Part<B, R>>;
  close(): Promise<void>;
}

/** The rows of one insert, in the form in which they are sent. A sink that writes several tables keeps them all in it. */
export interface Batch {
  readonly rows: number;
}

export interface Sink<B extends Batch = Batch> {
  /** Rows of a batch at most; only a part that is larger by itself makes a larger one. */
  readonly batchRows: number;
  newBatch(): B;
  /** Resolves when every row is acknowledged. The batch is not used again. Throws FailureError. */
  insert(batch: B): Promise<void>;
  close(): Promise<void>;
}

/** What a thread of a data set opens: its own connections. */
export interface Opened<B extends Batch = Batch, R extends Rest = Rest> {
  readonly reader: Reader<B, R>;
  readonly sink: Sink<B>;
}

/**
 * Where a data set's threads begin. The module at `url` exports `open(settings)`, and `load` imports the same module for a
 * pool without threads. Settings are plain data and shared memory; credentials travel in them and nowhere else.
 */
export interface ThreadEntry<Settings> {
  readonly url: string;
  load(): Promise<ThreadModule<Settings>>;
}

export interface ThreadModule<Settings> {
  /** `units`: how many units this thread may have in flight. Throws FailureError. */
  open(settings: Settings, units: number): Promise<Opened>;
}

/** The engine's side of a checkpoint. Rows first, checkpoint second: `done` only when each row of a unit is acknowledged. */
export interface RunStore {
  /** Ordinals that this process is to load, in their order. */
  claim(): Iterable<number>;
  /** The view that the next attempt reads at; null once the source has refused it. */
  pin(): number | null;
  unpinned(why: string): void;
  done(unit: UnitDone): void;
  failed(unit: UnitFailed): void;
}

export interface UnitDone {
  readonly ordinal: number;
  readonly rows: number;
  readonly rejected: readonly RejectedRow[];
}

export interface UnitFailed {
  readonly ordinal: number;
  readonly failure: Failure;
  readonly attempts: number;
}
