import { difference, numbers } from '../run/intervals.js';
import type { CheckpointKeeper } from '../run/keeper.js';
import type { LoadStore } from './load.js';
import type { Units } from './ports.js';

export interface FolderStoreOptions {
  readonly units: Units;
  /** Markets that a unit completes, where its data set counts them. */
  readonly marketsDone?: (ordinal: number) => number;
  readonly log: { warn(message: string): void };
}

/** A run store in the run's folder: everything is claimed by the one process that holds its lock. */
export function folderStore(keeper: CheckpointKeeper, { units, marketsDone, log }: FolderStoreOptions): LoadStore {
  const before = keeper.current;
  return {
    rowsBefore: before.rows,
    claim: () => numbers(difference([[0, units.count]], before.done)),
    pin: () => (keeper.current.pinned ? keeper.current.block : null),
    unpinned(why) {
      log.warn(`the source refuses the pinned block; the run goes on unpinned: ${why}`);
      const unpinnedWhy = `block ${keeper.current.block} was refused during the load: ${why}`;
      keeper.update({ pinned: false, unpinnedWhy }, { durable: true });
    },
    done: ({ ordinal, rows, rejected }) =>
      keeper.chunkDone({ ordinal, rows, rejected, markets: marketsDone?.(ordinal) ?? 0 }),
    failed: ({ ordinal, failure, attempts }) =>
      keeper.chunkFailed({
        ordinal,
        name: units.at(ordinal).name,
        code: failure.code,
        message: failure.message,
        attempts,
      }),
    figures(now) {
      const { rowsPerS, requestsPerS, etaMs, bound } = now.pace;
      keeper.update({
        ...sums(now),
        pace: { rowsPerS, requestsPerS, etaMs: Number.isFinite(etaMs) ? etaMs : -1, bound },
        loading: { chunks: now.inFlight, names: [...now.loading], rows: now.pendingRows },
      });
      keeper.writeIfDue();
    },
    close: (last) => keeper.update({ ...sums(last), pace: null, loading: null }, { durable: true }),
  };

  function sums(now: Parameters<LoadStore['figures']>[0]) {
    return {
      requests: before.requests + now.requests,
      throttled: before.throttled + now.throttled,
      retries: before.retries + now.retries,
      activeMs: before.activeMs + now.wallMs,
    };
  }
}
