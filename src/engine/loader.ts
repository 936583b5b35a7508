import { setMaxListeners } from 'node:events';
import PQueue from 'p-queue';
import { type Failure, FailureError, type FailureSide } from '../core/failure.js';
import { retryDelayMs, ruleFor } from '../net/retry.js';
import type { UnitOutcome } from './attempt.js';
import { type OtherSide, OutageDetector } from './outage.js';
import { enter, newPending, type Pending } from './pending.js';
import type { Pool } from './pool.js';
import type { RunStore, Units } from './ports.js';

/**
 * The control plane of a load: admits units, decides what an outcome means, and tells the run store. It reads nothing and
 * inserts no row itself. `pending.ts` says what states a unit goes through; people know units as chunks.
 */
export interface LoaderOptions {
  readonly workers: number;
  /** How much a unit asks for at once, at first, in the reader's own unit. */
  readonly size: number;
  /** The next smaller size after a time-out; the same where there is none. */
  smaller(size: number): number;
  readonly retryBaseMs: number;
  readonly giveUpAfterMs: number;
}

/** What the loader needs of the world; every durable thing belongs to someone else. */
export interface LoaderDeps {
  readonly pool: Pool;
  readonly units: Units;
  readonly store: RunStore;
  readonly options: LoaderOptions;
  /** After every attempt, whatever came of it. */
  onAttempt(outcome: UnitOutcome): void;
  /** Resolves when the side answers again; throws while it does not. */
  probe(side: OtherSide): Promise<void>;
  readonly clock: {
    nowMs(): number /** False when the signal cut it short. */;
    sleep(ms: number, signal: AbortSignal): Promise<boolean>;
  };
  readonly random: () => number;
  readonly log: { info(o: object, m: string): void; warn(o: object, m: string): void };
  /** Once aborted, no further unit is admitted. */
  readonly stop: AbortSignal;
}

export type LoadEnd =
  | { readonly kind: 'ended' }
  | { readonly kind: 'stopped' }
  /** Nothing got on for too long, for failures of that side. */
  | { readonly kind: 'gave-up'; readonly side: FailureSide; readonly failure: Failure }
  /** No unit can succeed until a person acts. */
  | { readonly kind: 'blocked'; readonly failure: Failure };

const SWEEP_WORKERS = 2;
const SWEEP_ATTEMPTS = 2;
const PROBE_MAX_MS = 30_000;

export class Loader {
  readonly #queue: PQueue;
  readonly #active = new Map<number, Pending>();
  readonly #setAside: Pending[] = [];
  readonly #outage = new OutageDetector();
  #recovering: Promise<void> | null = null;
  /** The side that is known to be down, because a probe failed too: what fails there meanwhile is no unit's fault. */
  #down: OtherSide | null = null;
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
    // Every unit that waits listens to it: hundreds at once are no leak.
    setMaxListeners(0, this.#over.signal);
  }

  /** Units that a thread works on. */
  get inFlight(): number[] {
    return [...this.#active.values()].filter(({ state }) => state === 'running').map(({ ordinal }) => ordinal);
  }

  get setAside(): number {
    return this.#setAside.length;
  }

  /** Nothing got on for too long: what waits for its turn to ask need not wait any longer. */
  get gaveUp(): boolean {
    return this.#end?.kind === 'gave-up';
  }

  get recovering(): boolean {
    return this.#recovering !== null;
  }

  /**
   * Loads what the store claims; resolves when each unit has ended or the run must end before. Never throws for a unit's sake,
   * only what the store threw: a checkpoint that cannot be written.
   */
  async load(): Promise<LoadEnd> {
    const onStop = () => this.#finish({ kind: 'stopped' });
    if (this.deps.stop.aborted) onStop();
    this.deps.stop.addEventListener('abort', onStop, { once: true });
    try {
      for (const ordinal of this.deps.store.claim()) {
        const unit = newPending(ordinal, this.deps.options.size);
        this.#active.set(ordinal, unit);
        this.#admit(unit);
      }
      await this.#settled();
      await this.#sweep();
      if (this.#broken) throw this.#broken.error;
      return this.#end ?? { kind: 'ended' };
    } finally {
      this.deps.stop.removeEventListener('abort', onStop);
    }
  }

  #admit(unit: Pending): void {
    if (this.#end) return;
    // A unit that has begun goes first: it holds rejected rows and a position.
    const priority = unit.rest === null ? 0 : 1;
    this.#queue.add(() => this.#attempt(unit), { priority }).catch((error: unknown) => this.fail(error));
  }

  /** Ends the load with an error of our own side. */
  fail(error: unknown): void {
    this.#broken ??= { error };
    this.#finish({ kind: 'stopped' });
  }

  async #attempt(unit: Pending): Promise<void> {
    if (this.#recovering) await this.#recovering;
    if (this.#end) return;
    enter(unit, 'running');
    const outcome = await this.deps.pool.run({
      ordinal: unit.ordinal,
      rest: unit.rest ?? this.deps.units.at(unit.ordinal).rest,
      size: unit.size,
      pin: this.deps.store.pin(),
    });
    this.#account(unit, outcome);
    if (outcome.failure === null) this.#done(unit);
    else this.#decide(unit, outcome.failure);
  }

  #account(unit: Pending, outcome: UnitOutcome): void {
    unit.rest = outcome.rest;
    unit.rows += outcome.rows;
    for (const rejected of outcome.rejected) unit.rejected.push(rejected);
    if (outcome.failure === null || outcome.rows > 0) {
      this.#lastProgressMs = this.deps.clock.nowMs();
      this.#outage.succeeded();
      // Attempts are counted in a row: a long unit that gets on must not be set aside for faults far apart.
      unit.failures = 0;
    }
    this.deps.onAttempt(outcome);
  }

  #done(unit: Pending): void {
    enter(unit, 'done');
    this.#active.delete(unit.ordinal);
    this.deps.store.done({ ordinal: unit.ordinal, rows: unit.rows, rejected: unit.rejected });
    this.#checkSettled();
  }

  /** What a failure means: try again, set aside, or end the run. */
  #decide(unit: Pending, failure: Failure): void {
    this.#lastFailure = failure;
    if (failure.code === 'stopped') {
      enter(unit, 'queued');
      this.#finish({ kind: 'stopped' });
      return;
    }
    const rule = ruleFor(failure);
    if (rule.stopsRun) {
      enter(unit, 'queued');
      this.#finish({ kind: 'blocked', failure });
      return;
    }
    if (failure.code === 'pin_refused') {
      if (this.deps.store.pin() !== null) this.deps.store.unpinned(failure.message);
    } else if (failure.code !== 'throttled') {
      if (!this.#isOutage(failure)) unit.failures++;
      if (rule.askLess) unit.size = this.deps.options.smaller(unit.size);
    }
    this.#log(unit, failure);
    const down = this.#outage.failed(unit.ordinal, failure, this.#active.size);
    if (down) this.#recover(down, failure);
    if (unit.failures >= (unit.swept ? Math.min(SWEEP_ATTEMPTS, rule.attempts) : rule.attempts))
      this.#giveUpOn(unit, failure);
    else this.#retryLater(unit, failure);
  }

  #log(unit: Pending, failure: Failure): void {
    if (failure.code === 'throttled') return;
    const { failures, size } = unit;
    this.deps.log.warn({ chunk: this.#nameOf(unit), code: failure.code, failures, size }, failure.message);
  }

  #nameOf({ ordinal }: Pending): string {
    return this.deps.units.at(ordinal).name;
  }

  #retryLater(unit: Pending, failure: Failure): void {
    enter(unit, 'waiting');
    const delayMs = retryDelayMs(failure, unit.failures, this.deps.options.retryBaseMs, this.deps.random);
    const wait = this.deps.clock.sleep(delayMs, this.#over.signal);
    void wait.then((slept) => {
      // Cut short: the run is over, and the unit comes again with the next sitting.
      if (!slept) return;
      enter(unit, 'queued');
      this.#admit(unit);
    });
  }

  #giveUpOn(unit: Pending, failure: Failure): void {
    if (unit.swept) {
      enter(unit, 'failed');
      this.#active.delete(unit.ordinal);
    } else {
      enter(unit, 'set-aside');
      this.#setAside.push(unit);
      const what = { chunk: this.#nameOf(unit), code: failure.code };
      this.deps.log.warn(what, 'chunk set aside after too many failures; tried again at the end');
    }
    this.deps.store.failed({ ordinal: unit.ordinal, failure, attempts: Math.max(1, unit.failures) });
    this.#checkSettled();
  }

  #isOutage(failure: Failure): boolean {
    return this.#down !== null && failure.kind === 'transient' && failure.side === this.#down;
  }

  /** Everything fails: hold all units and ask until the side answers again. */
  #recover(side: OtherSide, failure: Failure): void {
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

  /** A probe failed as well: it is the side's fault, so the units get their attempts back. */
  #confirmOutage(side: OtherSide): void {
    this.#down = side;
    for (const ordinal of this.#suspects.splice(0)) {
      const unit = this.#active.get(ordinal);
      if (unit && unit.failures > 0) unit.failures--;
    }
  }

  async #waitFor(side: OtherSide, failure: Failure): Promise<void> {
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
      this.#finish({ kind: 'gave-up', side: failure.side, failure });
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

  /** Resolves when no unit is queued, running or waiting, or the run ends and what is in flight has landed. */
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

  /** The units set aside, once more and gently: few at a time, the source's whole attention for each. */
  async #sweep(): Promise<void> {
    if (this.#end || this.#setAside.length === 0) return;
    this.deps.log.info(
      { chunks: this.#setAside.length },
      'everything else is loaded; trying again the chunks set aside',
    );
    this.#queue.concurrency = SWEEP_WORKERS;
    for (const unit of this.#setAside.splice(0)) {
      unit.swept = true;
      unit.failures = 0;
      enter(unit, 'queued');
      this.#admit(unit);
    }
    await this.#settled();
  }
}
