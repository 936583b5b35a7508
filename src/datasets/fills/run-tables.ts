import { forgetRun } from '../../clickhouse/forget-run.js';
import { microsToDecimal } from '../../clickhouse/sql.js';
import type { Target } from '../../clickhouse/target.js';
import { userName } from '../../core/holder.js';
import { VERSION } from '../../core/version.js';
import type { Checkpoint } from '../../run/checkpoint.js';
import type { TokenCount } from './plan/chunk.js';

/** All at once would be a quarter of a million objects beside the plan. */
const TOKENS_PER_INSERT = 20_000;

/** The source's counts of the run: what staging is compared with. Written again by a resumed preparation; an earlier run may have had the id. */
export async function writeSourceCounts(target: Target, run: string, counts: readonly TokenCount[]): Promise<void> {
  await forgetRun(target, 'source_counts', run);
  for (let from = 0; from < counts.length; from += TOKENS_PER_INSERT) {
    const rows = counts.slice(from, from + TOKENS_PER_INSERT).map((count) => ({
      run,
      token_id: count.token,
      buys: count.buys,
      sells: count.sells,
      buy_usdc: microsToDecimal(count.buyMicros),
      sell_usdc: microsToDecimal(count.sellMicros),
    }));
    await target.insertRows('source_counts', rows, { purpose: "keeping the source's counts" });
  }
}

/** The run's row in `runs`, for people and dashboards; the truth about a run is its checkpoint. `tokens`: those with fills. */
export async function recordRun(
  target: Target,
  checkpoint: Checkpoint,
  { tokens, phase }: { readonly tokens: number; readonly phase: string },
): Promise<void> {
  const { fingerprint } = checkpoint;
  await target.insertRows(
    'runs',
    [
      {
        run: checkpoint.run,
        phase,
        source: fingerprint.source ?? '',
        deployment: fingerprint.deployment ?? '',
        block: checkpoint.block,
        pinned: checkpoint.pinned,
        selection: fingerprint.selection ?? '',
        tokens,
        chunks: checkpoint.chunks,
        expected_rows: checkpoint.expectedRows,
        rows: checkpoint.rows,
        rejected: checkpoint.rejected,
        failed_chunks: checkpoint.failed.length,
        started_at: clickhouseTime(checkpoint.createdAt),
        finished_at: checkpoint.steps.fills === undefined ? null : clickhouseTime(checkpoint.steps.fills),
        version: VERSION,
        who: userName(),
        detail: JSON.stringify({
          unpinnedWhy: checkpoint.unpinnedWhy,
          refresh: checkpoint.refresh,
          steps: checkpoint.steps,
        }),
      },
    ],
    { purpose: 'recording the run' },
  );
}

/** ISO 8601 as ClickHouse reads it without further settings. */
function clickhouseTime(iso: string): string {
  return iso.replace('T', ' ').replace('Z', '');
}
