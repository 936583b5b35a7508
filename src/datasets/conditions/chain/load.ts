/** Loads what the chain says of conditions into `condition_logs`, block range by block range. */
import type { OpenedTarget } from '../../../clickhouse/open.js';
import { usageError } from '../../../core/exit.js';
import { loadUnits } from '../../../engine/load.js';
import type { UnitFailed } from '../../../engine/ports.js';
import { stuckAfterMs } from '../../../engine/watchdog.js';
import { formatCount } from '../../../report/format.js';
import type { StepContext } from '../../../report/step.js';
import { CONDITIONS_FROM_BLOCK } from '../../../sources/chain/condition-events.js';
import type { ChainLink } from '../../../sources/chain/link.js';
import { type BlockRange, blocksIn } from '../../../sources/chain/provider-words.js';
import { CONDITIONS_OF_CHAIN } from '../../registry.js';
import { asUnits, coveredBlocks, RangeStore, unitsOf } from './ranges.js';

/** What of the chain is asked for; null: from the conditional tokens' first block, to the newest that is final. */
export interface AskedBlocks {
  readonly from: number | null;
  readonly to: number | null;
}

export interface ConditionLoadSettings {
  readonly workers: number;
  readonly threads: number | undefined;
  readonly batchRows: number;
  readonly insertTimeoutMs: number;
}

export interface LoadedConditions {
  readonly range: BlockRange;
  /** Blocks and logs of this sitting. */
  readonly blocks: number;
  readonly logs: number;
  /** Ranges that could not be loaded: the same command tries them again. */
  readonly left: readonly { readonly name: string; readonly failure: UnitFailed['failure'] }[];
}

/** A stream is a request that lasts: more of them at once only share the host's pace. */
const MAX_WORKERS = 16;

/**
 * The blocks to be loaded, within what is final. Throws ExitError(1) where nothing is, or what is asked for is not final yet, and
 * FailureError.
 */
export async function blocksToLoad(
  { stop }: Pick<StepContext, 'stop'>,
  link: ChainLink,
  asked: AskedBlocks,
): Promise<BlockRange> {
  const head = await link.retry('reading the newest final block', () => link.source.finalizedHead(stop));
  const from = asked.from ?? Math.min(CONDITIONS_FROM_BLOCK, head.number);
  const to = asked.to ?? head.number;
  if (to > head.number) {
    throw usageError(
      `--to-block ${to} is not final yet: the newest final block is ${head.number}`,
      'give a lower one, or none',
    );
  }
  if (from > to) {
    const end = asked.to === null ? `the newest final block, ${to}` : `--to-block ${to}`;
    throw usageError(`--from-block ${from} lies behind ${end}`, 'give a lower one, or none');
  }
  return { from, to };
}

/** Loads what of the range is not loaded yet. Throws ExitError 130, 75 or 1 when it had to end before, FailureError. */
export async function loadConditionLogs(
  step: StepContext,
  { target, settings, embedded }: OpenedTarget,
  link: ChainLink,
  range: BlockRange,
  load: ConditionLoadSettings,
): Promise<LoadedConditions> {
  const ranges = unitsOf(range, await coveredBlocks(target));
  const blocks = ranges.reduce((sum, each) => sum + blocksIn(each), 0);
  step.log.info(
    `blocks ${range.from} to ${range.to}: ${formatCount(blocks)} of ${formatCount(blocksIn(range))} are to be read`,
  );
  if (ranges.length === 0) return { range, blocks: 0, logs: 0, left: [] };
  const { access, retryBaseMs, giveUpAfterMs } = link.settings;
  const store = new RangeStore(target, ranges, access.transport);
  try {
    await loadUnits(step, {
      name: 'conditions',
      units: asUnits(ranges),
      store,
      entry: CONDITIONS_OF_CHAIN,
      settings: { access, rates: link.rates, target: settings, batchRows: load.batchRows },
      rate: () => link.rate(),
      options: {
        workers: Math.min(load.workers, MAX_WORKERS),
        threads: load.threads,
        // A stream is asked for whole: there is no size to shrink.
        size: 1,
        smaller: (size) => size,
        retryBaseMs,
        giveUpAfterMs,
        stuckAfterMs: stuckAfterMs(access.silenceMs, load.insertTimeoutMs),
      },
      async probe(side) {
        if (side === 'source') {
          await link.source.finalizedHead(step.stopNow);
          return;
        }
        await embedded?.ensure();
        await target.ping();
      },
    });
  } finally {
    await store.flush();
  }
  const left = store.failures.map(({ ordinal, failure }) => {
    const { from, to } = ranges[ordinal] as BlockRange;
    return { name: `${from}-${to}`, failure };
  });
  return { range, blocks: store.blocks, logs: store.logs, left };
}
