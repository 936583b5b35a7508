/** Reads the chains of a venue page by page. A part is a page; its `rest` is where the chain goes on. */
import { type Failure, FailureError, failed } from '../../core/failure.js';
import { instantOfMs } from '../../core/instant.js';
import type { Ask, Part, Reader } from '../../engine/ports.js';
import type { VenueBatch } from './batch.js';
import { type Answer, digestOf, type Page, type VenueRequest } from './chain.js';
import type { AnyChain } from './parts.js';

/** How far a chain has come: plain data, a row of `ingest_chains`. */
export interface ChainProgress {
  readonly chain: string;
  /** What the next request is made of; null at the end. */
  readonly state: unknown;
  readonly pages: number;
  readonly records: number;
  readonly dropped: number;
  readonly rejected: number;
  readonly missing: number;
  readonly total: number | null;
  /** Hashes of the cursors so far. */
  readonly cursors: readonly string[];
  /** The marker that ended the chain; null while it goes on. */
  readonly endedBy: string | null;
}

export interface ChainPart extends Part<VenueBatch, ChainProgress> {
  readonly progress: ChainProgress;
  readonly ids: readonly string[];
}

export function startOf(chain: AnyChain): ChainProgress {
  const none = { pages: 0, records: 0, dropped: 0, rejected: 0, missing: 0 };
  return { chain: chain.name, state: chain.start, ...none, total: null, cursors: [], endedBy: null };
}

/** Asks until `judge` takes an answer: what it throws for a cut or wrong body is asked for again. */
export type AskVenue = <T>(request: VenueRequest, signal: AbortSignal, judge: (answer: Answer) => T) => Promise<T>;

export class ChainReader implements Reader<VenueBatch, ChainProgress> {
  readonly #chains: ReadonlyMap<string, AnyChain>;
  /** The latest state of each chain that another one is to meet. */
  readonly #states = new Map<string, unknown>();

  constructor(
    chains: readonly AnyChain[],
    private readonly ask: AskVenue,
  ) {
    this.#chains = new Map(chains.map((chain) => [chain.name, chain]));
  }

  async *read(from: ChainProgress, { signal }: Pick<Ask, 'signal'>): AsyncGenerator<ChainPart> {
    const chain = this.#chains.get(from.chain);
    if (chain === undefined) throw failed('terminal', 'bug', `there is no chain ${from.chain}`);
    let progress = from;
    const cursors = new Set(from.cursors);
    this.#states.set(chain.name, from.state);
    while (progress.endedBy === null) {
      if (signal.aborted) throw failed('transient', 'stopped', `${chain.venue} ${chain.name}: stopped`);
      if (this.#met(chain, progress.state)) {
        progress = { ...progress, state: null, endedBy: `met ${chain.meets?.name}` };
        yield { rest: null, rows: 0, append: () => [], progress, ids: [] };
        return;
      }
      const { page, seenAt } = await this.#page(chain, progress.state, signal);
      progress = advance(progress, page, cursors, chain);
      this.#states.set(chain.name, progress.state);
      yield {
        rest: progress.endedBy === null ? progress : null,
        rows: page.bronze.length,
        append: (batch) => {
          batch.add(page, seenAt);
          return [];
        },
        progress,
        ids: page.ids,
      };
    }
  }

  async close(): Promise<void> {}

  #met(chain: AnyChain, state: unknown): boolean {
    const other = chain.meets === undefined ? undefined : this.#states.get(chain.meets.name);
    return other !== undefined && other !== null && chain.meets?.metAt(state, other) === true;
  }

  async #page(chain: AnyChain, state: unknown, signal: AbortSignal): Promise<{ page: Page<unknown>; seenAt: string }> {
    try {
      return await this.ask(chain.request(state), signal, (answer) => ({
        page: chain.read(state, answer),
        seenAt: instantOfMs(answer.receivedAtMs) as string,
      }));
    } catch (error) {
      if (chain.refusalEnds === undefined || !isRefusal(error)) throw error;
      return { page: nothing(chain.refusalEnds), seenAt: '' };
    }
  }
}

function advance(before: ChainProgress, page: Page<unknown>, cursors: Set<string>, chain: AnyChain): ChainProgress {
  if (page.cursor !== null) {
    const hash = digestOf([page.cursor]);
    if (cursors.has(hash)) {
      throw failed(
        'terminal',
        'bad_page',
        `${chain.venue} ${chain.name}: the cursor of page ${before.pages + 1} came before: the venue goes in a circle`,
      );
    }
    cursors.add(hash);
  }
  return {
    chain: before.chain,
    state: page.next,
    pages: before.pages + 1,
    records: before.records + page.ids.length,
    dropped: before.dropped + page.dropped,
    rejected: before.rejected + page.problems.length,
    missing: before.missing + page.missing.length,
    total: page.total ?? before.total,
    cursors: [...cursors],
    endedBy: page.endedBy,
  };
}

/** 400, 404 and the like, or the venue's own word for it. */
function isRefusal(error: unknown): boolean {
  const failure: Failure | null = error instanceof FailureError ? error.failure : null;
  return failure?.code === 'query_refused' && !/denied|KEY/.test(failure.message);
}

function nothing(endedBy: string): Page<unknown> {
  return {
    bronze: [],
    rows: { events: [], markets: [], prices: [], books: [], trades: [] },
    problems: [],
    ids: [],
    dropped: 0,
    missing: ['refused'],
    total: null,
    cursor: null,
    next: null,
    endedBy,
  };
}
