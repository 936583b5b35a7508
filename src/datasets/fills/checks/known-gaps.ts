/** What is known to be missing, or cannot be known, of a run's fills: it explains residuals, in staging now and in live later. */
import { forgetRun } from '../../../clickhouse/forget-run.js';
import { runFile, type Work } from '../../../clickhouse/heavy.js';
import { microsToDecimal } from '../../../clickhouse/sql.js';
import type { SourceShort } from './counts-gate.js';

export interface KnownGaps {
  readonly short: readonly SourceShort[];
  /** Tokens whose counts cannot be read. */
  readonly uncounted: readonly string[];
  /** Transactions of accepted rejected rows, hex without 0x. */
  readonly rejected: readonly string[];
}

/** Makes the tables where they are missing. */
export async function ensureGapTables(work: Work): Promise<void> {
  await runFile(work, 'verify/create-source-short');
  await runFile(work, 'verify/create-uncounted-tokens');
  await runFile(work, 'verify/create-rejected-fills');
}

/** Replaces what an earlier verify of the run recorded. */
export async function recordGaps(work: Work, run: string, gaps: KnownGaps): Promise<void> {
  const { target } = work;
  await ensureGapTables(work);
  for (const table of ['source_short', 'uncounted_tokens', 'rejected_fills']) await forgetRun(target, table, run);
  await target.insertRows(
    'source_short',
    gaps.short.map((s) => ({
      run,
      token_id: s.token,
      side: s.side === 'buy' ? 'BUY' : 'SELL',
      counted_rows: s.countedRows,
      served_rows: s.servedRows,
      counted_usdc: microsToDecimal(s.countedMicros),
      served_usdc: microsToDecimal(s.servedMicros),
    })),
  );
  await target.insertRows(
    'uncounted_tokens',
    gaps.uncounted.map((token_id) => ({ run, token_id })),
  );
  if (gaps.rejected.length === 0) return;
  await target.command(
    'INSERT INTO rejected_fills (run, tx_hash) SELECT {run:String}, unhex(arrayJoin({rejected:Array(String)}))',
    { params: { run, rejected: gaps.rejected } },
  );
}
