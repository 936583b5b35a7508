/**
 * The same ingest, round after round. The first round of a venue is an ordinary load, with its certificate. Every further one is a delta
 * that is compared in memory with what was written: a row is written only where it says something new.
 */
import type { Target } from '../../clickhouse/target.js';
import { type Failure, FailureError } from '../../core/failure.js';
import { instantOfMs } from '../../core/instant.js';
import { Changes } from './changes.js';
import { planDetails } from './details.js';
import type { VenueHosts } from './hosts.js';
import { type IngestDeps, type IngestOptions, ingestVenue } from './ingest.js';
import { CONNECTIONS } from './limits.js';
import type { AnyChain, VenueParts } from './parts.js';
import { VenueSink } from './sink.js';
import { type IngestRun, IngestStore } from './store.js';
import { walk } from './walk.js';
import { Watch } from './watch.js';

export interface RoundReport {
  readonly venue: string;
  readonly complete: boolean;
  /** Rows written. */
  readonly rows: number;
  readonly requests: number;
  readonly failure: Failure | null;
}

/** A venue of which nothing changes for so long stands still. */
const STALE_MS = 600_000;

export class VenueCollector {
  readonly #changes = new Changes();
  readonly #watch = new Watch();
  readonly #sink: VenueSink;
  readonly #store: IngestStore;
  #run: IngestRun;
  #loaded = false;
  /** When the last complete round began: the next one asks for what came since. */
  #sinceMs: number;
  #changedAtMs: number;

  constructor(
    private readonly parts: VenueParts,
    private readonly options: IngestOptions,
    private readonly deps: Omit<IngestDeps, 'sink'> & { readonly target: Target; readonly hosts: VenueHosts },
  ) {
    this.#sink = new VenueSink(deps.target, this.#changes, this.#watch);
    this.#store = new IngestStore(deps.target);
    const startedMs = deps.now();
    const run = `collect-${deps.runId}`;
    this.#run = { run, venue: parts.venue, type: 'delta', choice: '', selection: 'collect', startedMs };
    this.#sinceMs = startedMs;
    this.#changedAtMs = startedMs;
  }

  get insertMs(): number {
    return this.#sink.insertMs;
  }

  /** Throws the stop signal's reason and what is wrong with the target; a venue that fails is a report. */
  async round(): Promise<RoundReport> {
    const { hosts } = this.deps;
    const [rows, requests] = [this.#sink.rows, hosts.requests];
    const begunMs = this.deps.now();
    this.#changes.begin();
    const report = (complete: boolean, failure: Failure | null): RoundReport => ({
      venue: this.parts.venue,
      complete,
      rows: this.#sink.rows - rows,
      requests: hosts.requests - requests,
      failure,
    });
    if (!this.#loaded) {
      const { complete, failure } = await ingestVenue(this.parts, this.options, { ...this.deps, sink: this.#sink });
      this.#loaded = complete;
      this.#sinceMs = complete ? begunMs : this.#sinceMs;
      // Later than the load: for `check` the latest run is the one that goes on.
      this.#run = { ...this.#run, startedMs: this.deps.now() };
      return report(complete, failure);
    }
    try {
      const complete = await this.#delta();
      if (complete) this.#sinceMs = begunMs;
      await this.#heartbeat(complete, '');
      await this.#judgeStill(this.#sink.rows > rows);
      return report(complete, null);
    } catch (error) {
      const passing = error instanceof FailureError && error.failure.side === 'source' && !this.deps.stop.aborted;
      if (!passing) throw error;
      await this.#heartbeat(false, error.failure.message);
      return report(false, error.failure);
    }
  }

  async #delta(): Promise<boolean> {
    const { venue } = this.parts;
    const { choice } = this.options;
    const sinceS = Math.floor(this.#sinceMs / 1000);
    const known = { sinceS, has: (id: string) => this.#changes.knows(venue, id) };
    let complete = await this.#walk(this.parts.deltaLists(choice, known));
    if (choice.top === null && choice.minVolume === null) {
      const now = instantOfMs(this.deps.now()) as string;
      const gone = this.#changes.unseen(venue, this.parts.askAfterDelta, now);
      if (gone.length > 0) complete = (await this.#walk(this.parts.byName(gone, true))) && complete;
    }
    if (this.options.details.length === 0) return complete;
    const run = { ...this.#run, startedMs: this.deps.now() };
    return (await this.#walk(await planDetails(this.deps.target, this.parts, this.options, run), run)) && complete;
  }

  async #walk(chains: AnyChain[], run: IngestRun = this.#run): Promise<boolean> {
    const { hosts, stop, onPage, log } = this.deps;
    const { failures } = await walk(chains, {
      run,
      ask: hosts.ask,
      sink: this.#sink,
      // A round that is interrupted begins anew: only how far trades are complete outlives it.
      store: {
        saveChain: async () => undefined,
        saveTradeMarks: (...marks) => this.#store.saveTradeMarks(...marks),
      },
      progress: new Map(),
      concurrency: Math.max(...this.parts.hosts.map((host) => CONNECTIONS[host])),
      stop,
      onPage,
    });
    for (const { failure } of failures) log.warn({ venue: this.parts.venue }, failure.message);
    return failures.length === 0;
  }

  /** What `check` knows the age of a venue by. */
  #heartbeat(complete: boolean, failure: string): Promise<void> {
    const endedMs = failure === '' ? this.deps.now() : null;
    const end = { endedMs, complete, requests: this.deps.hosts.requests, failure };
    return this.#store.saveRun(this.#run, end, this.deps.now());
  }

  async #judgeStill(changed: boolean): Promise<void> {
    const nowMs = this.deps.now();
    if (changed) this.#changedAtMs = nowMs;
    if (nowMs - this.#changedAtMs < STALE_MS) return;
    const row = this.#watch.stale(this.parts.venue, instantOfMs(nowMs) as string, nowMs - this.#changedAtMs);
    await this.deps.target.insertRows('anomalies', [{ ...row }], { purpose: 'recording that a venue stands still' });
    this.#changedAtMs = nowMs;
  }
}
