/** Walks chains side by side: reads ahead while a batch is being written, and records how far each has come once its rows are there. */
import PQueue from 'p-queue';
import { type Failure, FailureError } from '../../core/failure.js';
import type { VenueBatch } from './batch.js';
import type { AnyChain } from './parts.js';
import { type AskVenue, type ChainProgress, ChainReader, startOf } from './reader.js';
import type { VenueSink } from './sink.js';
import type { IngestRun, IngestStore } from './store.js';

export interface WalkDeps {
  readonly run: IngestRun;
  readonly ask: AskVenue;
  readonly sink: VenueSink;
  readonly store: Pick<IngestStore, 'saveChain' | 'saveTradeMarks'>;
  /** What is recorded of this run already; kept up to date here. */
  readonly progress: Map<string, ChainProgress>;
  readonly concurrency: number;
  readonly stop: AbortSignal;
  onPage(chain: AnyChain, progress: ChainProgress): void;
}

export interface WalkEnd {
  /** Ids by chain, of chains of kind `ids` only. */
  readonly ids: ReadonlyMap<string, readonly string[]>;
  readonly failures: readonly { readonly chain: string; readonly failure: Failure }[];
}

/** Characters of bodies in a batch at most: a page of Kalshi has two million. */
const BATCH_CHARS = 8_000_000;
/** What has been read is written after this long, so that a kill costs little. */
const FLUSH_MS = 2000;

/**
 * Resolves when every chain has ended or failed; one that fails for good does not keep the others. Throws what stops the venue: the
 * stop signal's reason, and a source that stayed away too long (`connection` and the like, thrown by `ask`).
 */
export async function walk(chains: readonly AnyChain[], deps: WalkDeps): Promise<WalkEnd> {
  const reader = new ChainReader(chains, deps.ask);
  const queue = new PQueue({ concurrency: deps.concurrency });
  const ids = new Map<string, readonly string[]>();
  const failures: { chain: string; failure: Failure }[] = [];
  const halt = new AbortController();
  const signal = AbortSignal.any([deps.stop, halt.signal]);
  let broken: { readonly error: unknown } | null = null;
  for (const chain of chains) {
    const known = deps.progress.get(chain.name);
    // Names are compared in memory, so a list of names is always read.
    if (known !== undefined && known.endedBy !== null && chain.kind !== 'ids') continue;
    const from = known === undefined || known.endedBy !== null ? startOf(chain) : known;
    queue
      .add(async () => {
        if (signal.aborted) return;
        const found = await walkOne(chain, from, reader, deps, signal);
        if (chain.kind === 'ids') ids.set(chain.name, found);
      })
      .catch((error: unknown) => {
        if (error instanceof FailureError && error.failure.kind === 'terminal') {
          failures.push({ chain: chain.name, failure: error.failure });
          return;
        }
        broken ??= { error };
        halt.abort();
      });
  }
  await queue.onIdle();
  if (deps.stop.aborted) throw deps.stop.reason;
  if (broken !== null) throw (broken as { error: unknown }).error;
  return { ids, failures };
}

async function walkOne(
  chain: AnyChain,
  from: ChainProgress,
  reader: ChainReader,
  deps: WalkDeps,
  signal: AbortSignal,
): Promise<string[]> {
  const { sink, store, run } = deps;
  const ids: string[] = [];
  let batch = sink.newBatch();
  let flushedAtMs = performance.now();
  /** The write that goes on while further pages are read. */
  let writing: Promise<void> = Promise.resolve();
  const write = async (full: VenueBatch, progress: ChainProgress) => {
    await sink.insert(full);
    await store.saveChain(run, chain, progress);
    deps.progress.set(chain.name, progress);
    if (progress.endedBy !== null && chain.covers !== undefined) {
      await store.saveTradeMarks(run.venue, chain.covers, run.startedMs);
    }
  };
  const flush = async (progress: ChainProgress) => {
    await writing;
    writing = write(batch, progress);
    // Awaited before the next write; a failure until then must not count as unhandled.
    writing.catch(() => undefined);
    batch = sink.newBatch();
    flushedAtMs = performance.now();
  };
  let last: ChainProgress | null = null;
  try {
    for await (const part of reader.read(from, { signal })) {
      part.append(batch);
      last = part.progress;
      if (chain.kind === 'ids') ids.push(...part.ids);
      deps.onPage(chain, part.progress);
      const due = performance.now() - flushedAtMs > FLUSH_MS;
      if (due || batch.rows >= sink.batchRows || batch.chars >= BATCH_CHARS || part.rest === null)
        await flush(part.progress);
    }
  } catch (error) {
    // What was read before the failure is kept: the run goes on from there.
    if (batch.rows > 0 && last !== null) await flush(last);
    await writing;
    throw error;
  }
  await writing;
  return ids;
}
