import { availableParallelism } from 'node:os';
import { endingOfFailure } from '../core/ending.js';
import { EXIT, ExitError } from '../core/exit.js';
import { FailureError, type FailureSide } from '../core/failure.js';
import { pause } from '../core/pause.js';
import { StopFlag } from '../core/stop-flag.js';
import type { LoadFigures } from '../report/figures.js';
import { openProgress } from '../report/progress.js';
import type { StepContext } from '../report/step.js';
import { Figures, type RateReading } from './figures.js';
import { LiveCounters } from './live-counters.js';
import { type LoadEnd, Loader, type LoaderOptions } from './loader.js';
import type { OtherSide } from './outage.js';
import { openPool, type Pool } from './pool.js';
import type { RunStore, ThreadEntry, Units } from './ports.js';
import { Watchdog } from './watchdog.js';

/** The load of a data set as the engine needs to know it. */
export interface LoadJob<Settings> {
  /** What is loaded, as people call it. */
  readonly name: string;
  readonly units: Units;
  readonly store: LoadStore;
  /** Reader and sink of each thread. */
  readonly entry: ThreadEntry<Settings>;
  readonly settings: Settings;
  /** The rate of the host that is asked. */
  readonly rate: () => RateReading;
  readonly options: LoaderOptions & {
    /** 0: no threads. Default: one for each core. */
    readonly threads?: number | undefined;
    /** After so long without any movement the threads are begun anew, milliseconds. */
    readonly stuckAfterMs: number;
  };
  /** Resolves when the side answers again; throws while it does not. */
  probe(side: OtherSide): Promise<void>;
}

/** A run store that also keeps figures. What it throws ends the load. */
export interface LoadStore extends RunStore {
  /** Rows of units that earlier sittings have loaded. */
  readonly rowsBefore: number;
  /** Called a few times a second. */
  figures(now: LoadFigures): void;
  /** Called once, with the last figures: everything is on disk afterwards. */
  close(last: LoadFigures): void;
}

const TICK_MS = 250;
/** After the first signal units in flight may end; what has not by then stops after its part. */
const GRACE_MS = 5000;

/** Loads every unit that the store claims. Throws ExitError 130, 75 or 1 when the run had to end before. */
export async function loadUnits<Settings>(step: StepContext, job: LoadJob<Settings>): Promise<LoadFigures> {
  const { units, store, options } = job;
  const cores = availableParallelism();
  const counters = new LiveCounters();
  const stop = new StopFlag();
  const nowMs = () => performance.now();
  const figures = new Figures({
    name: job.name,
    units,
    counters,
    rate: job.rate,
    rowsBefore: store.rowsBefore,
    cores,
    nowMs,
    cpuMs,
  });
  const pool = openPool({ ...job, units: options.workers, counters, stop, threads: options.threads ?? cores });
  step.releases.push('threads', () => pool.close());
  const loader = new Loader({
    pool,
    units,
    store: {
      claim: () => store.claim(),
      pin: () => store.pin(),
      unpinned: (why) => store.unpinned(why),
      failed: (unit) => store.failed(unit),
      done: (unit) => {
        figures.unitEnded(unit.rows);
        store.done(unit);
      },
    },
    options,
    onAttempt: (outcome) => figures.attemptEnded(outcome),
    probe: (side) => job.probe(side),
    clock: { nowMs, sleep: pause },
    random: Math.random,
    log: step.log,
    stop: step.stop,
  });
  const end = await watched(step, job, { loader, figures, pool, stop });
  throwUnlessEnded(step, end);
  return figures.now(loader);
}

interface Running {
  readonly loader: Loader;
  readonly figures: Figures;
  readonly pool: Pool;
  readonly stop: StopFlag;
}

/** The load with everything that looks at it now and then: figures, checkpoint, progress, watchdog, the stop's grace. */
async function watched<Settings>(step: StepContext, job: LoadJob<Settings>, running: Running): Promise<LoadEnd> {
  const { loader, figures, stop } = running;
  const progress = openProgress(step.log, step.sinks.setConsole);
  const watchdog = new Watchdog(job.options.stuckAfterMs, performance.now());
  const tick = () => {
    restartWhenStuck(step, job, running, watchdog);
    figures.sample();
    const now = figures.now(loader);
    try {
      job.store.figures(now);
    } catch (error) {
      loader.fail(error);
    }
    loader.checkProgress();
    if (loader.gaveUp) stop.raise();
    progress.update(now);
  };
  const ticker = setInterval(tick, TICK_MS);
  const onStop = () => setTimeout(() => stop.raise(), GRACE_MS).unref();
  step.stop.addEventListener('abort', onStop, { once: true });
  try {
    return await loader.load();
  } finally {
    clearInterval(ticker);
    progress.end();
    step.stop.removeEventListener('abort', onStop);
    job.store.close(figures.now(loader));
  }
}

/** Requests and inserts have deadlines of their own: when nothing moves although units are in flight, a thread hangs. */
function restartWhenStuck<Settings>(
  step: StepContext,
  job: LoadJob<Settings>,
  { loader, figures, pool }: Running,
  watchdog: Watchdog,
): void {
  const mayRest = loader.inFlight.length === 0 || loader.recovering || job.rate().pausedForMs > 0;
  if (!watchdog.look(figures.beats, mayRest, performance.now())) return;
  const { loading } = figures.now(loader);
  step.log.error(
    { chunks: loading, threads: pool.threads },
    'nothing has moved for too long: the threads are ended and begun anew',
  );
  pool.restart().catch((error: unknown) => loader.fail(error));
}

function cpuMs(): number {
  const { user, system } = process.cpuUsage();
  return (user + system) / 1000;
}

const AWAY: Readonly<Record<FailureSide, string>> = {
  source: 'the source was unavailable for longer than --give-up-after allows',
  target: 'the target was unavailable for longer than --give-up-after allows',
  self: 'nothing could be loaded for longer than --give-up-after allows, for reasons of this program or machine',
};

/** Turns an early end into its exit code; everything acknowledged is in the checkpoint by now. */
function throwUnlessEnded({ stop }: StepContext, end: LoadEnd): void {
  if (end.kind === 'ended') return;
  if (end.kind === 'stopped') {
    throw stop.reason instanceof ExitError
      ? stop.reason
      : new ExitError(EXIT.interrupted, 'interrupted', 'run the same command to continue');
  }
  if (end.kind === 'blocked') throw new FailureError(end.failure);
  const { message } = endingOfFailure(end.failure);
  throw new ExitError(
    EXIT.unavailable,
    `${AWAY[end.side]}: ${message}`,
    'nothing is lost; run the same command to continue',
  );
}
