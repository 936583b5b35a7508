import { availableParallelism } from 'node:os';
import type { Context } from '../../cli/context.js';
import type { OpenedTarget } from '../../clickhouse/open.js';
import { FILLS_STAGING } from '../../clickhouse/tables.js';
import { endingOfFailure } from '../../core/ending.js';
import { EXIT, ExitError } from '../../core/exit.js';
import { FailureError } from '../../core/failure.js';
import { pause } from '../../core/pause.js';
import { StopFlag } from '../../core/stop-flag.js';
import { type LoadEnd, Loader } from '../../engine/loader.js';
import { Meter } from '../../engine/meter.js';
import { openPool } from '../../engine/pool.js';
import { stuckAfterMs, Watchdog } from '../../engine/watchdog.js';
import { openProgress } from '../../report/progress.js';
import type { Checkpoint } from '../../run/checkpoint.js';
import { difference, numbers } from '../../run/intervals.js';
import type { CheckpointKeeper } from '../../run/keeper.js';
import { conditionsOf, type FrozenPlan } from '../../run/run-folder.js';
import { readMeta } from '../../sources/subgraph/meta.js';
import { chunkName } from './plan/chunk-name.js';
import { MarketProgress } from './plan/market-progress.js';
import { initialSegments } from './plan/segments.js';
import { type SourceLink, sourceUrlOf } from './source-link.js';

/** What a sitting needs to load the rest of a plan into staging. */
export interface LoadInput {
  readonly frozen: FrozenPlan;
  readonly keeper: CheckpointKeeper;
  readonly source: SourceLink;
  readonly opened: OpenedTarget;
}

/** Figures of one sitting, for the summary. */
export interface LoadFigures {
  readonly rows: number;
  readonly requests: number;
  readonly wallMs: number;
  readonly cpuMs: number;
  readonly throttled: number;
  readonly retries: number;
  readonly sourceMs: number;
  readonly decodeMs: number;
  readonly targetMs: number;
}

const TICK_MS = 250;
/** After the first signal chunks in flight may end; what has not by then stops after its page. */
const GRACE_MS = 5000;

/** Loads every chunk that is not done. Throws ExitError 130, 75 or 1 when the run had to end before. */
export async function loadRest(ctx: Context, input: LoadInput): Promise<LoadFigures> {
  const { frozen, keeper, source, opened } = input;
  const { plan } = frozen;
  const { config, log } = ctx;
  const startMs = performance.now();
  const startCpu = process.cpuUsage();
  const start = keeper.current;
  const markets = new MarketProgress(plan, conditionsOf(frozen));
  for (const ordinal of numbers(start.done)) markets.chunkDone(ordinal);
  keeper.update({ markets: markets.total, marketsDone: markets.done });
  const stop = new StopFlag();
  const cores = availableParallelism();
  const meter = new Meter(() => performance.now(), cpuMs, cores);
  const pool = openPool(
    {
      concurrency: config.workers,
      source: { url: sourceUrlOf(ctx), token: config.sourceToken, deadlineMs: config.requestTimeout },
      target: opened.settings,
      table: FILLS_STAGING,
      batchRows: config.batchRows,
      rateMemory: source.rate.memory,
      stopMemory: stop.memory,
    },
    config.threads ?? cores,
  );
  ctx.releases.push('threads', () => pool.close());

  const loader = new Loader({
    pool,
    options: {
      workers: config.workers,
      pageRows: plan.options.pageRows,
      retryBaseMs: config.retryBase,
      giveUpAfterMs: config.giveUpAfter,
    },
    segmentsOf: (ordinal) => initialSegments(plan, chunkAt(ordinal)),
    block: () => (keeper.current.pinned ? keeper.current.block : null),
    onDone: ({ ordinal, rows, rejected }) =>
      keeper.chunkDone({ ordinal, rows, rejected, markets: markets.chunkDone(ordinal) }),
    onFailed: ({ ordinal, failure, attempts }) =>
      keeper.chunkFailed({
        ordinal,
        name: chunkName(chunkAt(ordinal)),
        code: failure.code,
        message: failure.message,
        attempts,
      }),
    onAttempt: (attempt) => meter.add(attempt),
    onUnpinned: (why) => {
      log.warn(`the source refuses the pinned block; the run goes on unpinned: ${why}`);
      keeper.update(
        { pinned: false, unpinnedWhy: `block ${keeper.current.block} was refused during the load: ${why}` },
        { durable: true },
      );
    },
    probe: async (side) => {
      if (side === 'source') await reachSource(source, keeper.current, ctx.stopNow);
      else await reachTarget(opened);
    },
    clock: { nowMs: () => performance.now(), sleep: pause },
    random: Math.random,
    log,
    stop: ctx.stop,
  });
  function chunkAt(ordinal: number) {
    const chunk = plan.chunks[ordinal];
    if (chunk === undefined) throw new Error(`the plan has no chunk ${ordinal}`);
    return chunk;
  }

  const progress = openProgress(log, ctx.sinks.setConsole);
  const grantedBefore = source.rate.granted;
  const watchdog = new Watchdog(stuckAfterMs(config.requestTimeout, config.insertTimeout), performance.now());
  const lookForStuck = () => {
    const { rows: moved, pages, retries } = meter.totals;
    const mayRest = loader.inFlight.length === 0 || loader.recovering || source.rate.pausedForMs > 0;
    if (!watchdog.look(source.rate.granted + moved + pages + retries, mayRest, performance.now())) return;
    const chunks = loader.inFlight.slice(0, 20).map((ordinal) => chunkName(chunkAt(ordinal)));
    log.error(
      { chunks, threads: pool.threads },
      'nothing has moved for too long: the threads are ended and begun anew',
    );
    pool.restart().catch((error: unknown) => loader.fail(error));
  };
  const ticker = setInterval(() => {
    lookForStuck();
    const { granted, rps, pausedForMs } = source.rate;
    meter.sample(granted - grantedBefore, { rps, maxRps: config.rps, paused: pausedForMs > 0 });
    const now = keeper.current;
    const rows = start.rows + meter.totals.rows;
    const pace = meter.pace(plan.totals.rows - rows);
    keeper.update({ ...figures(), pace: { ...pace, etaMs: Number.isFinite(pace.etaMs) ? pace.etaMs : -1 } });
    try {
      keeper.writeIfDue();
    } catch (error) {
      loader.fail(error);
    }
    loader.checkProgress();
    progress.update({
      phase: 'fills',
      done: rows,
      expected: plan.totals.rows,
      ...pace,
      rps: source.rate.rps,
      inFlight: loader.running,
      throttled: now.throttled,
      setAside: loader.setAside,
    });
  }, TICK_MS);
  const onStop = () => setTimeout(() => stop.raise(), GRACE_MS).unref();
  ctx.stop.addEventListener('abort', onStop, { once: true });

  let end: LoadEnd;
  try {
    const todo = difference([[0, plan.chunks.length]], start.done);
    end = await loader.load(numbers(todo));
  } finally {
    clearInterval(ticker);
    progress.end();
    ctx.stop.removeEventListener('abort', onStop);
    keeper.update({ ...figures(), pace: null }, { durable: true });
  }
  settle(ctx, end);
  return loadFigures();

  function figures() {
    return {
      requests: start.requests + (source.rate.granted - grantedBefore),
      throttled: start.throttled + source.rate.throttled,
      retries: start.retries + meter.totals.retries,
      activeMs: start.activeMs + (performance.now() - startMs),
    };
  }

  function loadFigures(): LoadFigures {
    const cpu = process.cpuUsage(startCpu);
    const { rows, retries, sourceMs, decodeMs, targetMs } = meter.totals;
    return {
      rows,
      retries,
      sourceMs,
      decodeMs,
      targetMs,
      requests: source.rate.granted - grantedBefore,
      throttled: source.rate.throttled,
      wallMs: performance.now() - startMs,
      cpuMs: (cpu.user + cpu.system) / 1000,
    };
  }
}

function cpuMs(): number {
  const { user, system } = process.cpuUsage();
  return (user + system) / 1000;
}

/** Chunks are read at the run's block: a source that lags behind it is as good as away. A refused pin is an answer. */
async function reachSource({ client }: SourceLink, { pinned, block }: Checkpoint, signal: AbortSignal): Promise<void> {
  try {
    await readMeta(client, signal, pinned ? block : null);
  } catch (error) {
    if (!(error instanceof FailureError) || error.failure.code !== 'pin_refused') throw error;
  }
}

/** The embedded server is brought back when it is gone; any target must then answer. */
async function reachTarget(opened: OpenedTarget): Promise<void> {
  await opened.embedded?.ensure();
  await opened.target.ping();
}

/** Turns an early end into its exit code; everything acknowledged is in the checkpoint by now. */
function settle(ctx: Context, end: LoadEnd): void {
  if (end.kind === 'ended') return;
  if (end.kind === 'stopped') {
    const { reason } = ctx.stop;
    throw reason instanceof ExitError
      ? reason
      : new ExitError(EXIT.interrupted, 'interrupted', 'run the same command to continue');
  }
  if (end.kind === 'blocked') throw new FailureError(end.failure);
  const { message } = endingOfFailure(end.failure);
  throw new ExitError(
    EXIT.unavailable,
    `the ${end.side} was unavailable for longer than --give-up-after allows: ${message}`,
    'nothing is lost; run the same command to continue',
  );
}
