/**
 * One venue's ingest, from its lists to its certificate:
 *
 *     lists ──► crossing (names, events, what vanished) ──► by name ──► the choice ──► prices, books, trades, history ──► certificate
 *
 * Each step's chains are recorded as they go; a run that was interrupted does the same steps and finds most of them done.
 */
import { loadSql } from '../../clickhouse/sql.js';
import type { Target } from '../../clickhouse/target.js';
import { type Failure, FailureError } from '../../core/failure.js';
import { type Check, certify, saveChecks } from './certify.js';
import { type Detail, planDetails } from './details.js';
import type { VenueHosts } from './hosts.js';
import { CONNECTIONS } from './limits.js';
import type { AnyChain, Choice, VenueParts } from './parts.js';
import type { ChainProgress } from './reader.js';
import type { VenueSink } from './sink.js';
import { type IngestRun, IngestStore, timeText } from './store.js';
import { walk } from './walk.js';

export interface IngestOptions {
  /** Null: static until a static load is complete, then delta. */
  readonly type: 'static' | 'delta' | null;
  readonly choice: Choice;
  readonly details: readonly Detail[];
  /** Starts over where a run is unfinished. */
  readonly fresh: boolean;
}

export interface IngestDeps {
  readonly target: Target;
  readonly hosts: VenueHosts;
  readonly sink: VenueSink;
  /** The name of a run that begins now. */
  readonly runId: string;
  readonly stop: AbortSignal;
  now(): number;
  onPage(chain: AnyChain, progress: ChainProgress): void;
  readonly log: { info(o: object, m: string): void; warn(o: object, m: string): void };
}

export interface VenueReport {
  readonly venue: VenueParts['venue'];
  readonly run: string;
  readonly type: 'static' | 'delta';
  readonly resumed: boolean;
  readonly complete: boolean;
  readonly requests: number;
  readonly pages: number;
  readonly records: number;
  readonly elapsedMs: number;
  readonly checks: readonly Check[];
  /** Why the venue was given up; null where it went through. */
  readonly failure: Failure | null;
}

/** An unfinished run that is older is not gone on with: its first pages say little about now. */
const MAX_RESUME_MS = 24 * 3_600_000;

/** Throws only the stop signal's reason and what is wrong with the target: a venue that fails is a report. */
export async function ingestVenue(parts: VenueParts, options: IngestOptions, deps: IngestDeps): Promise<VenueReport> {
  const startMs = performance.now();
  const store = new IngestStore(deps.target);
  const { run, resumed } = await openRun(parts, options, store, deps);
  const ingest = new VenueIngest(parts, options, deps, store, run, await store.chains(run));
  const report = (complete: boolean, checks: readonly Check[], failure: Failure | null): VenueReport => ({
    venue: parts.venue,
    run: run.run,
    type: run.type,
    resumed,
    complete,
    requests: deps.hosts.requests,
    ...ingest.figures(),
    elapsedMs: performance.now() - startMs,
    checks,
    failure,
  });
  try {
    const checks = await ingest.run();
    const complete = checks.every(({ passed, required }) => passed || !required);
    await saveChecks(deps.target, run, checks, deps.now());
    const end = { endedMs: deps.now(), complete, requests: deps.hosts.requests, failure: '' };
    await store.saveRun(run, end, deps.now());
    return report(complete, checks, null);
  } catch (error) {
    if (!(error instanceof FailureError) || error.failure.code.startsWith('target_') || deps.stop.aborted) throw error;
    // Not ended: the next run goes on with it.
    const end = { endedMs: null, complete: false, requests: deps.hosts.requests, failure: error.failure.message };
    await store.saveRun(run, end, deps.now());
    return report(false, [], error.failure);
  }
}

async function openRun(
  parts: VenueParts,
  options: IngestOptions,
  store: IngestStore,
  deps: IngestDeps,
): Promise<{ run: IngestRun; resumed: boolean }> {
  const { top, minVolume } = options.choice;
  const { venue } = parts;
  const choice =
    top === null && minVolume === null ? '' : JSON.stringify({ top, minVolume: minVolume?.toString() ?? null });
  const selection = JSON.stringify({ type: options.type ?? 'auto', choice, details: [...options.details].sort() });
  const unfinished = options.fresh ? null : await store.unfinished(venue, choice, selection);
  if (unfinished !== null && deps.now() - unfinished.startedMs < MAX_RESUME_MS)
    return { run: unfinished, resumed: true };
  const type = options.type ?? ((await store.lastComplete(venue, 'static', choice)) === null ? 'static' : 'delta');
  const run = { run: deps.runId, venue, type, choice, selection, startedMs: deps.now() };
  await store.saveRun(run, null, deps.now());
  return { run, resumed: false };
}

class VenueIngest {
  readonly #chains: AnyChain[] = [];
  readonly #failures: { chain: string; failure: Failure }[] = [];

  constructor(
    private readonly parts: VenueParts,
    private readonly options: IngestOptions,
    private readonly deps: IngestDeps,
    private readonly store: IngestStore,
    private readonly runOf: IngestRun,
    private readonly progress: Map<string, ChainProgress>,
  ) {}

  figures(): { pages: number; records: number } {
    const all = [...this.progress.values()];
    return {
      pages: all.reduce((sum, { pages }) => sum + pages, 0),
      records: all.reduce((sum, { records }) => sum + records, 0),
    };
  }

  async run(): Promise<Check[]> {
    const { type, choice } = this.runOf;
    const whole = type === 'static' && choice === '';
    const listed = await this.#walk(await this.#lists());
    const unnamed = await this.#crossNames(listed);
    const unlisted = whole ? await this.#crossEvents() : null;
    // A choice says nothing about the markets that it leaves out.
    if (choice === '') await this.#askVanished(type === 'static' ? 'all' : this.parts.askAfterDelta);
    if (this.options.details.length > 0) await this.#details();
    return certify(this.deps.target, {
      run: this.runOf,
      chains: this.#chains,
      progress: this.progress,
      failures: this.#failures,
      whole,
      unnamed,
      unlisted,
    });
  }

  async #lists(): Promise<AnyChain[]> {
    const { choice } = this.options;
    if (this.runOf.type === 'static') return this.parts.staticLists(choice);
    const { venue } = this.parts;
    const since = await this.store.lastComplete(venue, '', this.runOf.choice);
    const rows = await this.#query<{ market_id: string }>('known-markets', {});
    const known = new Set(rows.map(({ market_id }) => market_id));
    const sinceS = Math.floor((since ?? this.runOf.startedMs) / 1000);
    return this.parts.deltaLists(choice, { sinceS, has: (id) => known.has(id) });
  }

  /** A list of all names against the pages: rows that shifted past them are asked for by name. */
  async #crossNames(
    listed: ReadonlyMap<string, readonly string[]>,
  ): Promise<{ listed: number; absent: number } | null> {
    const names = [...new Set([...listed.values()].flat())];
    if (listed.size === 0) return null;
    const absent = async () =>
      names.length === 0
        ? []
        : (await this.#query<{ name: string }>('absent-names', { names })).map(({ name }) => name);
    const missed = await absent();
    if (missed.length === 0) return { listed: names.length, absent: 0 };
    await this.#walk(this.parts.byName(missed, false));
    return { listed: names.length, absent: (await absent()).length };
  }

  async #crossEvents(): Promise<number> {
    const missed = await this.#query<{ market_id: string }>('unlisted-markets', {});
    if (missed.length === 0) return 0;
    const ids = missed.map(({ market_id }) => market_id);
    await this.#walk(this.parts.byName(ids, false));
    // Those that closed meanwhile.
    const left = (await this.#query<{ market_id: string }>('unlisted-markets', {})).map(({ market_id }) => market_id);
    if (left.length > 0) await this.#walk(this.parts.byName(left, true));
    return (await this.#query('unlisted-markets', {})).length;
  }

  async #askVanished(which: VenueParts['askAfterDelta']): Promise<void> {
    const gone = await this.#query<{ market_id: string }>('unseen-markets', { which });
    const ids = gone.map(({ market_id }) => market_id);
    if (ids.length > 0) await this.#walk(this.parts.byName(ids, true));
  }

  async #details(): Promise<void> {
    await this.#walk(await planDetails(this.deps.target, this.parts, this.options, this.runOf));
  }

  async #walk(chains: AnyChain[]): Promise<ReadonlyMap<string, readonly string[]>> {
    this.#chains.push(...chains);
    const { hosts, sink, stop, onPage } = this.deps;
    const { ids, failures } = await walk(chains, {
      run: this.runOf,
      ask: hosts.ask,
      sink,
      store: this.store,
      progress: this.progress,
      concurrency: Math.max(...this.parts.hosts.map((host) => CONNECTIONS[host])),
      stop,
      onPage,
    });
    for (const failed of failures) {
      this.deps.log.warn({ venue: this.parts.venue, ...failed }, `${this.parts.venue}: ${failed.failure.message}`);
    }
    this.#failures.push(...failures);
    return ids;
  }

  #query<Row>(name: string, params: Readonly<Record<string, unknown>>): Promise<Row[]> {
    return this.deps.target.query<Row>(loadSql(`venues/${name}`), {
      params: { venue: this.parts.venue, since: timeText(this.runOf.startedMs), ...params },
      purpose: `asking for ${name.replace('-', ' ')} of ${this.parts.venue}`,
    });
  }
}
