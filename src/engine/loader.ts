import { setMaxListeners } from 'node:events';
import PQueue from 'p-queue';
import { type Failure, FailureError } from '../core/failure.js';
import type { Segment } from '../datasets/fills/plan/segment.js';
import { retryDelayMs, ruleFor, shrinkPageRows } from '../net/retry.js';
import type { ChunkOutcome, RejectedRow, Spent } from './attempt.js';
import { OutageDetector, type Side, sideOf } from './outage.js';
import type { ChunkPool } from './pool.js';
import { enter, newWork, type Work } from './work.js';

/**
 * The control plane of a load: admits chunks, decides what an outcome means, and tells the checkpoint. It reads no
 * page and inserts no row itself. `work.ts` says what states a chunk goes through.
 */
export interface LoaderOptions {
  readonly workers: number;
  readonly pageRows: number;
  readonly retryBaseMs: number;
  readonly giveUpAfterMs: number;
}

export interface ChunkDone {
  readonly ordinal: number;
  readonly rows: number;
  readonly rejected: readonly RejectedRow[];
}

export interface ChunkFailed {
  readonly ordinal: number;
  readonly failure: Failure;
  readonly attempts: number;
}

/** What the loader needs of the world; every durable thing belongs to someone else. */
export interface LoaderDeps {
  readonly pool: ChunkPool;
  readonly options: LoaderOptions;
  segmentsOf(ordinal: number): readonly Segment[];
  /** The pinned block, or null when the run is unpinned. */
  block(): number | null;
  /** Called once every row of a chunk is acknowledged. */
  onDone(done: ChunkDone): void;
  onFailed(failed: ChunkFailed): void;
  /** After every attempt, whatever came of it. */
  onAttempt(attempt: AttemptFigures): void;
  /** The source refused the pinned block; later attempts read the head. */
  onUnpinned(why: string): void;
  /** Resolves when the side answers again; throws while it does not. */
  probe(side: Side): Promise<void>;
  readonly clock: {
    nowMs(): number /** False when the signal cut it short. */;
    sleep(ms: number, signal: AbortSignal): Promise<boolean>;
  };
  readonly random: () => number;
  readonly log: { info(o: object, m: string): void; warn(o: object, m: string): void };
  /** Once aborted, no further chunk is admitted. */
  readonly stop: AbortSignal;
}

export interface AttemptFigures {
  readonly rows: number;
  readonly pages: number;
  readonly requests: number;
  readonly spent: Spent;
  readonly failure: Failure | null;
}

export type LoadEnd =
  | { readonly kind: 'ended' }
  | { readonly kind: 'stopped' }
  /** Source or target stayed away for too long. */
  | { readonly kind: 'gave-up'; readonly side: Side; readonly failure: Failure }
  /** No chunk can succeed until a person acts. */
  | { readonly kind: 'blocked'; readonly failure: Failure };

const SWEEP_WORKERS = 2;
const SWEEP_ATTEMPTS = 2;
const PROBE_MAX_MS = 30_000;

export class Loader {
  readonly #queue: PQueue;
  readonly #active = new Map<number, Work>();
  readonly #setAside: Work[] = [];
  readonly #outage = new OutageDetector();
  #recovering: Promise<void> | null = null;
  /** The side that is known to be down, because a probe failed too: what fails there meanwhile is no chunk's fault. */
  #down: Side | null = null;
  #suspects: number[] = [];
  /** What our own side threw; the load ends and throws it. */
  #broken: { readonly error: unknown } | null = null;
  #end: LoadEnd | null = null;
  #lastProgressMs: number;
  #lastFailure: Failure | null = null;
  #onSettled: (() => void) | null = null;
  /** Ends every pause of a run that is over. */
  readonly #over = new AbortController();

  constructor(private readonly deps: LoaderDeps) {
    this.#queue = new PQueue({ concurrency: deps.options.workers });
    this.#lastProgressMs = deps.clock.nowMs();
    // Every chunk that waits listens to it: hundreds at once are no leak.
    setMaxListeners(0, this.#over.signal);
  }

  get running(): number {
    return this.#queue.pending;
  }

  /** Chunks that a thread works on. */
  get inFlight(): number[] {
    return [...this.#active.values()].filter(({ state }) => state === 'running').map(({ ordinal }) => ordinal);
  }

  get setAside(): number {
    return this.#setAside.length;
  }

  get recovering(): boolean {
    return this.#recovering !== null;
  }

  /**
   * Loads these chunks; resolves when each has ended or the run must end before. Never throws for a chunk's sake, only what a
   * callback threw: a checkpoint that cannot be written.
   */
  async load(ordinals: Iterable<number>): Promise<LoadEnd> {
    const onStop = () => this.#finish({ kind: 'stopped' });
    if (this.deps.stop.aborted) onStop();
    this.deps.stop.addEventListener('abort', onStop, { once: true });
    try {
      for (const ordinal of ordinals) {
        const work = newWork(ordinal, this.deps.options.pageRows);
        this.#active.set(ordinal, work);
        this.#admit(work);
      }
      await this.#settled();
      await this.#sweep();
      if (this.#broken) throw this.#broken.error;
      return this.#end ?? { kind: 'ended' };
    } finally {
      this.deps.stop.removeEventListener('abort', onStop);
    }
  }

  #admit(work: Work): void {
    if (this.#end) return;
    // A chunk that has begun goes first: it holds rejected rows and a position.
    const priority = work.rest === null ? 0 : 1;
    this.#queue.add(() => this.#attempt(work), { priority }).catch((error: unknown) => this.fail(error));
  }

  /** Ends the load with an error of our own side. */
  fail(error: unknown): void {
    this.#broken ??= { error };
    this.#finish({ kind: 'stopped' });
  }

  async #attempt(work: Work): Promise<void> {
    if (this.#recovering) await this.#recovering;
    if (this.#end) return;
    enter(work, 'running');
    const outcome = await this.deps.pool.run({
      ordinal: work.ordinal,
      segments: work.rest ?? this.deps.segmentsOf(work.ordinal),
      pageRows: work.pageRows,
      block: this.deps.block(),
    });
    this.#account(work, outcome);
    if (outcome.failure === null) this.#done(work);
    else this.#decide(work, outcome.failure);
  }

  #account(work: Work, outcome: ChunkOutcome): void {
    work.rest = outcome.rest;
    work.rows += outcome.rows;
    for (const rejected of outcome.rejected) work.rejected.push(rejected);
    if (outcome.failure === null || outcome.rows > 0) {
      this.#lastProgressMs = this.deps.clock.nowMs();
      this.#outage.succeeded();
      // Attempts are counted in a row: a long chunk that gets on must not be set aside for faults far apart.
      work.failures = 0;
    }
    this.deps.onAttempt(outcome);
  }

  #done(work: Work): void {
    enter(work, 'done');
    this.#active.delete(work.ordinal);
    this.deps.onDone({ ordinal: work.ordinal, rows: work.rows, rejected: work.rejected });
    this.#checkSettled();
  }

  /** What a failure means: try again, set aside, or end the run. */
  #decide(work: Work, failure: Failure): void {
    work.lastFailure = failure;
    this.#lastFailure = failure;
    if (failure.code === 'stopped') {
      enter(work, 'queued');
      this.#finish({ kind: 'stopped' });
      return;
    }
    const rule = ruleFor(failure);
    if (rule.stopsRun) {
      enter(work, 'queued');
      this.#finish({ kind: 'blocked', failure });
      return;
    }
    if (failure.code === 'pin_refused') {
      if (this.deps.block() !== null) this.deps.onUnpinned(failure.message);
    } else if (failure.code !== 'throttled') {
      if (!this.#isOutage(failure)) work.failures++;
      if (rule.shrinkPage) work.pageRows = shrinkPageRows(work.pageRows);
    }
    this.#log(work, failure);
    const down = this.#outage.failed(work.ordinal, failure, this.#active.size);
    if (down) this.#recover(down, failure);
    if (work.failures >= (work.swept ? Math.min(SWEEP_ATTEMPTS, rule.attempts) : rule.attempts))
      this.#giveUpOn(work, failure);
    else this.#retryLater(work, failure);
  }

  #log(work: Work, failure: Failure): void {
    const what = { chunk: work.ordinal, code: failure.code, failures: work.failures, pageRows: work.pageRows };
    if (failure.code === 'throttled') return;
    this.deps.log.warn(what, failure.message);
  }

  #retryLater(work: Work, failure: Failure): void {
    enter(work, 'waiting');
    const delayMs = retryDelayMs(failure, work.failures, this.deps.options.retryBaseMs, this.deps.random);
    const wait = this.deps.clock.sleep(delayMs, this.#over.signal);
    void wait.then((slept) => {
      // Cut short: the run is over, and the chunk comes again with the next sitting.
      if (!slept) return;
      enter(work, 'queued');
      this.#admit(work);
    });
  }

  #giveUpOn(work: Work, failure: Failure): void {
    if (work.swept) {
      enter(work, 'failed');
      this.#active.delete(work.ordinal);
    } else {
      enter(work, 'set-aside');
      this.#setAside.push(work);
      this.deps.log.warn({ chunk: work.ordinal, code: failure.code }, 'chunk set aside; tried again at the end');
    }
    this.deps.onFailed({ ordinal: work.ordinal, failure, attempts: Math.max(1, work.failures) });
    this.#checkSettled();
  }

  #isOutage(failure: Failure): boolean {
    return this.#down !== null && failure.kind === 'transient' && sideOf(failure) === this.#down;
  }

  /** Everything fails: hold all chunks and ask until the side answers again. */
  #recover(side: Side, failure: Failure): void {
    this.#suspects.push(...this.#outage.takeFailing());
    if (this.#recovering) return;
    this.#queue.pause();
    this.#recovering = this.#waitFor(side, failure).finally(() => {
      this.#recovering = null;
      this.#down = null;
      this.#suspects = [];
      if (!this.#end) this.#queue.start();
    });
  }

  /** A probe failed as well: it is the side's fault, so the chunks get their attempts back. */
  #confirmOutage(side: Side): void {
    this.#down = side;
    for (const ordinal of this.#suspects.splice(0)) {
      const work = this.#active.get(ordinal);
      if (work && work.failures > 0) work.failures--;
    }
  }

  async #waitFor(side: Side, failure: Failure): Promise<void> {
    const { clock, log, options, random } = this.deps;
    log.warn({ side, code: failure.code }, `the ${side} fails every request; holding all chunks until it answers`);
    for (let attempt = 0; !this.#end; attempt++) {
      const pauseMs = random() * Math.min(PROBE_MAX_MS, options.retryBaseMs * 2 ** attempt);
      if (!(await clock.sleep(pauseMs, this.#over.signal))) return;
      try {
        await this.deps.probe(side);
        log.info({ side }, `the ${side} answers again`);
        return;
      } catch (error) {
        this.#confirmOutage(side);
        // It answers, and what it says no waiting mends: rights taken away while it was down.
        if (error instanceof FailureError && ruleFor(error.failure).stopsRun) {
          this.#finish({ kind: 'blocked', failure: error.failure });
          return;
        }
        if (clock.nowMs() - this.#lastProgressMs > options.giveUpAfterMs) {
          this.#finish({ kind: 'gave-up', side, failure });
        }
        log.warn({ side, attempt, error: (error as Error).message }, `the ${side} does not answer`);
      }
    }
  }

  /** Called now and then: ends a run in which nothing has moved for too long although the probes answer. */
  checkProgress(): void {
    if (this.#end || this.#active.size === 0) return;
    const failure = this.#lastFailure;
    if (failure && this.deps.clock.nowMs() - this.#lastProgressMs > this.deps.options.giveUpAfterMs) {
      this.#finish({ kind: 'gave-up', side: failure.code.startsWith('target_') ? 'target' : 'source', failure });
    }
  }

  #finish(end: LoadEnd): void {
    if (this.#end) return;
    this.#end = end;
    this.#over.abort();
    this.#queue.clear();
    this.#queue.start();
    this.#checkSettled();
  }

  /** Resolves when no chunk is queued, running or waiting, or the run ends and what is in flight has landed. */
  async #settled(): Promise<void> {
    await new Promise<void>((resolve) => {
      this.#onSettled = resolve;
      this.#checkSettled();
    });
    await this.#queue.onIdle();
    if (this.#recovering) await this.#recovering;
  }

  #checkSettled(): void {
    if (this.#end || this.#active.size === this.#setAside.length) this.#onSettled?.();
  }

  /** The chunks set aside, once more and gently: few at a time, the source's whole attention for each. */
  async #sweep(): Promise<void> {
    if (this.#end || this.#setAside.length === 0) return;
    this.deps.log.info({ chunks: this.#setAside.length }, 'sweeping the chunks set aside');
    this.#queue.concurrency = SWEEP_WORKERS;
    for (const work of this.#setAside.splice(0)) {
      work.swept = true;
      work.failures = 0;
      enter(work, 'queued');
      this.#admit(work);
    }
    await this.#settled();
  }
}
