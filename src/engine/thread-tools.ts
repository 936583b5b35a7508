import { openTarget } from '../clickhouse/client.js';
import { FILLS_COLUMN_NAMES } from '../clickhouse/tables.js';
import type { TargetSettings } from '../clickhouse/target.js';
import { StopFlag } from '../core/stop-flag.js';
import { FillBatch, TokenCache } from '../datasets/fills/fill-batch.js';
import { encodeFillAt } from '../datasets/fills/fill-encoder.js';
import { fetchPage } from '../datasets/fills/subgraph/page.js';
import { RateCell } from '../net/rate-cell.js';
import { RateQueue } from '../net/rate-queue.js';
import { SourceClient } from '../sources/subgraph/client.js';
import type { ChunkTools } from './attempt.js';

/** What a thread is started with: plain data and shared memory. Credentials travel here and nowhere else. */
export interface ThreadSettings {
  /** Chunks in flight over all threads. */
  readonly concurrency: number;
  readonly source: { readonly url: string; readonly token: string | undefined; readonly deadlineMs: number };
  readonly target: TargetSettings & { readonly url: string };
  readonly table: string;
  readonly batchRows: number;
  readonly rateMemory: SharedArrayBuffer;
  readonly stopMemory: SharedArrayBuffer;
}

export interface ThreadTools {
  readonly chunk: ChunkTools;
  close(): Promise<void>;
}

/** What a batch has room for at first; memory that is not written to is not taken. Beyond it, it grows. */
const MAX_FIRST_ROWS = 5_000;

/** Opens a thread's own connections to source and target. */
export async function makeTools(settings: ThreadSettings): Promise<ThreadTools> {
  const rate = new RateCell(settings.rateMemory);
  const stop = new StopFlag(settings.stopMemory);
  const queue = new RateQueue(rate, stop);
  const source = new SourceClient({
    ...settings.source,
    connections: settings.concurrency,
    onResponse: (failure) => {
      // Everyone waits, not only the chunk that met the refusal.
      if (failure?.code === 'throttled') rate.pause(failure.retryAfterMs);
      else rate.answer();
    },
  });
  const target = await openTarget(settings.target);
  const tokens = new TokenCache();
  const chunk: ChunkTools = {
    batchRows: settings.batchRows,
    fetchPage: async (lanes, { ordinal, block, pageRows }) => {
      await queue.acquire(undefined, ordinal);
      return fetchPage(source, lanes, { block, pageRows });
    },
    newBatch: () => new FillBatch(Math.min(settings.batchRows, MAX_FIRST_ROWS), tokens),
    encode: (rows, at, batch) => encodeFillAt(rows, at, batch as FillBatch),
    insert: (bytes) => target.insertRowBinary(settings.table, FILLS_COLUMN_NAMES, bytes),
    stopRequested: () => stop.raised,
    nowMs: () => performance.now(),
  };
  return {
    chunk,
    async close() {
      await source.close();
      await target.close();
    },
  };
}
