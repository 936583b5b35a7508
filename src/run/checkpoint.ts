import { readFileSync } from 'node:fs';
import { z } from 'zod';
import { usageError } from '../core/exit.js';
import { writeDurably } from './durable-file.js';

/**
 * The durable record of a run, of whatever data set. Its only writer is the keeper (`keeper.ts`) of the process that holds the
 * run's lock; `status` and the later commands read it. A chunk, as the units of a run are called here, stands in `done` only
 * after ClickHouse has acknowledged every row of it.
 */
export const CHECKPOINT_VERSION = 1;

const FailedChunk = z.object({
  ordinal: z.number().int().min(0),
  name: z.string(),
  code: z.string(),
  message: z.string(),
  attempts: z.number().int().min(1),
});

/** What must be the same for a run to go on: compared value by value, shown when it differs. */
const Fingerprint = z.record(z.string(), z.string());

const STEPS = ['markets', 'fills', 'verify', 'promote', 'rebuild-pnl'] as const;
export type Step = (typeof STEPS)[number];

export const Checkpoint = z.object({
  version: z.literal(CHECKPOINT_VERSION),
  /** What is loaded; a run of before other data sets is one of fills. */
  dataset: z.string().default('fills'),
  run: z.string(),
  createdAt: z.iso.datetime(),
  updatedAt: z.iso.datetime(),
  fingerprint: Fingerprint,
  /** The pinned block: every page of the run is read there. */
  block: z.number().int().min(0),
  /** False when the source refused the pin; `unpinnedWhy` says when and how. */
  pinned: z.boolean(),
  unpinnedWhy: z.string().nullable(),
  /** Staging begins as a copy of live, and only what differs is fetched. */
  refresh: z.boolean(),
  /** Whether staging may be taken from another run, emptied: `--fresh`. */
  replaceStaging: z.boolean(),
  /** Tokens of the plan whose counts the source served malformed: planned by a guess. */
  uncounted: z.array(z.string()).default([]),
  /** Staging is the run's own and holds what it must hold before the first chunk. */
  prepared: z.boolean(),
  /** Done chunks as half-open ranges of ordinals of the frozen plan, sorted, apart from each other. */
  done: z.array(z.tuple([z.number().int().min(0), z.number().int().min(1)])),
  failed: z.array(FailedChunk),
  chunks: z.number().int().min(0),
  expectedRows: z.number().int().min(0),
  expectedRequests: z.number().int().min(0),
  /** Rows of done chunks, as acknowledged. */
  rows: z.number().int().min(0),
  /** Requests of every sitting, planning included. */
  requests: z.number().int().min(0),
  rejected: z.number().int().min(0),
  throttled: z.number().int().min(0),
  retries: z.number().int().min(0),
  /** Times the run was started or resumed, and the time they took together. */
  sittings: z.number().int().min(0),
  activeMs: z.number().min(0),
  /** How fast it went lately, for `status` in another terminal; null before the first figures. */
  pace: z.object({ rowsPerS: z.number(), requestsPerS: z.number(), etaMs: z.number(), bound: z.string() }).nullable(),
  /** What is loaded at this moment; null when nothing is. `rows`: acknowledged ones of chunks that have not ended. */
  loading: z
    .object({ chunks: z.number().int().min(0), names: z.array(z.string()), rows: z.number().int().min(0) })
    .nullable()
    .default(null),
  /** Markets of done chunks; a market counts when its last token is done. */
  marketsDone: z.number().int().min(0),
  markets: z.number().int().min(0),
  /** When each step of the job was completed. */
  steps: z.partialRecord(z.enum(STEPS), z.iso.datetime()),
});
export type Checkpoint = z.infer<typeof Checkpoint>;
export type FailedChunk = z.infer<typeof FailedChunk>;

/** For the keeper alone. */
export function writeCheckpoint(path: string, checkpoint: Checkpoint): void {
  writeDurably(path, `${JSON.stringify(checkpoint, null, 1)}\n`);
}

/** Null when there is none. A file that cannot be understood is refused, never overwritten silently. */
export function readCheckpoint(path: string): Checkpoint | null {
  let text: string;
  try {
    text = readFileSync(path, 'utf8');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return null;
    throw error;
  }
  const startOver = 'restore the file, or start a new run with --fresh';
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    throw usageError(`checkpoint ${path} is not complete JSON (${text.length} characters)`, startOver);
  }
  const version = (value as { version?: unknown } | null)?.version;
  if (version !== CHECKPOINT_VERSION) {
    throw usageError(
      `checkpoint ${path} has version ${JSON.stringify(version ?? null)}; this program reads version ${CHECKPOINT_VERSION}`,
      'finish that run with the program that began it, or start a new run with --fresh',
    );
  }
  const parsed = Checkpoint.safeParse(value);
  if (!parsed.success) {
    throw usageError(`checkpoint ${path} is damaged: ${z.prettifyError(parsed.error).replace(/\s+/g, ' ')}`, startOver);
  }
  return parsed.data;
}
