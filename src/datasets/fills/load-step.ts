import type { OpenedTarget } from '../../clickhouse/open.js';
import { FILLS_STAGING } from '../../clickhouse/tables.js';
import { FailureError } from '../../core/failure.js';
import { folderStore } from '../../engine/folder-store.js';
import { loadUnits } from '../../engine/load.js';
import type { OtherSide } from '../../engine/outage.js';
import type { Unit, Units } from '../../engine/ports.js';
import { stuckAfterMs } from '../../engine/watchdog.js';
import type { LoadFigures } from '../../report/figures.js';
import type { StepContext } from '../../report/step.js';
import type { Checkpoint } from '../../run/checkpoint.js';
import { numbers } from '../../run/intervals.js';
import type { CheckpointKeeper } from '../../run/keeper.js';
import type { SourceLink } from '../../sources/subgraph/link.js';
import { smallerPage } from '../../sources/subgraph/lists.js';
import { readMeta } from '../../sources/subgraph/meta.js';
import { FILLS_OF_SUBGRAPH } from '../registry.js';
import { type FrozenPlan, marketsOfTokens } from './frozen-plan.js';
import type { Plan } from './plan/chunk.js';
import { chunkName } from './plan/chunk-name.js';
import { MarketProgress } from './plan/market-progress.js';
import type { Segment } from './plan/segment.js';
import { initialSegments } from './plan/segments.js';
import type { LoadSettings } from './settings.js';

/** What a sitting needs to load the rest of a plan into staging. */
export interface LoadInput {
  readonly frozen: FrozenPlan;
  readonly keeper: CheckpointKeeper;
  readonly source: SourceLink;
  readonly opened: OpenedTarget;
  readonly settings: LoadSettings;
}

/** Loads every chunk that is not done. Throws ExitError 130, 75 or 1 when the run had to end before. */
export function loadRest(step: StepContext, input: LoadInput): Promise<LoadFigures> {
  const { frozen, keeper, source, opened, settings } = input;
  const { plan } = frozen;
  const { url, token, requestTimeoutMs: deadlineMs, rps: maxRps, retryBaseMs, giveUpAfterMs } = source.settings;
  const units = chunksOf(plan);
  const markets = marketsOf(frozen, keeper);
  return loadUnits(step, {
    name: 'fills',
    units,
    store: folderStore(keeper, { units, log: step.log, marketsDone: (ordinal) => markets.chunkDone(ordinal) }),
    entry: FILLS_OF_SUBGRAPH,
    settings: {
      source: { url, token, deadlineMs },
      target: opened.settings,
      table: FILLS_STAGING,
      batchRows: settings.batchRows,
      rateMemory: source.rate.memory,
    },
    rate: () => {
      const { granted, throttled, rps, pausedForMs } = source.rate;
      return { granted, throttled, rps, pausedForMs, maxRps };
    },
    options: {
      workers: settings.workers,
      threads: settings.threads,
      size: plan.options.pageRows,
      smaller: smallerPage,
      retryBaseMs,
      giveUpAfterMs,
      stuckAfterMs: stuckAfterMs(deadlineMs, settings.insertTimeoutMs),
    },
    probe: (side) => reach(side, source, opened, keeper.current, step.stopNow),
  });
}

function chunksOf(plan: Plan): Units {
  return {
    count: plan.chunks.length,
    expectedRows: plan.totals.rows,
    at(ordinal): Unit<readonly Segment[]> {
      const chunk = plan.chunks[ordinal];
      if (chunk === undefined) throw new RangeError(`the plan has no chunk ${ordinal}`);
      return {
        name: chunkName(chunk),
        expectedRows: chunk.buys + chunk.sells,
        get rest() {
          return initialSegments(plan, chunk);
        },
      };
    },
  };
}

/** Which markets are complete, with what earlier sittings have loaded. */
function marketsOf(frozen: FrozenPlan, keeper: CheckpointKeeper): MarketProgress {
  const markets = new MarketProgress(frozen.plan, marketsOfTokens(frozen));
  for (const ordinal of numbers(keeper.current.done)) markets.chunkDone(ordinal);
  keeper.update({ markets: markets.total, marketsDone: markets.done });
  return markets;
}

async function reach(
  side: OtherSide,
  source: SourceLink,
  opened: OpenedTarget,
  checkpoint: Checkpoint,
  signal: AbortSignal,
): Promise<void> {
  if (side === 'source') return reachSource(source, checkpoint, signal);
  // The embedded server is brought back when it is gone; any target must then answer.
  await opened.embedded?.ensure();
  await opened.target.ping();
}

/** Chunks are read at the run's block: a source that lags behind it is as good as away. A refused pin is an answer. */
async function reachSource({ client }: SourceLink, { pinned, block }: Checkpoint, signal: AbortSignal): Promise<void> {
  try {
    await readMeta(client, signal, pinned ? block : null);
  } catch (error) {
    if (!(error instanceof FailureError) || error.failure.code !== 'pin_refused') throw error;
  }
}
