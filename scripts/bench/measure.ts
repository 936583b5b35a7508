/** One run against a machine as figures: what it took, what the source saw of it and what it left in ClickHouse. */
import { type Finished, type Machine, PROGRAM, runProgram } from './machine.js';

/** The full size that figures are given for: markets and fills of the reference run. */
export const FULL_MARKETS = 171_305;
export const FULL_FILLS = 37_300_000;

export interface Measured {
  readonly code: number | null;
  readonly wallMs: number;
  readonly rows: number;
  readonly requests: number;
  readonly throttled: number;
  readonly cpuMs: number;
  readonly simulatorMs: number;
  /** Until the program ended: merges that come later, and the counting, are not in it. */
  readonly clickhouseMs: number;
  readonly peakMemoryBytes: number;
}

/** Exit code of a load that is not complete; after any other but 0 there may be no table to count. */
const LEFT_OVER = 2;

/** Runs it, then counts the rows it left. */
export async function measure(
  machine: Machine,
  run: () => Promise<Finished>,
  countRows: () => Promise<number>,
): Promise<Measured> {
  const before = await machine.figures();
  const { code, wallMs, cpuMs, peakMemoryBytes } = await run();
  const after = await machine.figures();
  return {
    code,
    wallMs,
    rows: code === 0 || code === LEFT_OVER ? await countRows() : 0,
    requests: after.requests - before.requests,
    throttled: after.throttled - before.throttled,
    cpuMs,
    simulatorMs: after.simulatorMs - before.simulatorMs,
    clickhouseMs: after.clickhouseMs - before.clickhouseMs,
    peakMemoryBytes,
  };
}

/** `backfill fills` from the start into the machine's staging table; `options` are further ones of it. */
export function measureOurs(machine: Machine, options: readonly string[]): Promise<Measured> {
  return measure(
    machine,
    () =>
      runProgram([PROGRAM, 'fills', '--fresh', '--database', 'bench', '--json', ...options], machine.dir, {
        GOLDSKY_URL: machine.source.url,
        CLICKHOUSE_URL: machine.server.loginUrl,
      }),
    () => machine.count('count()', 'clob_fills_staging FINAL'),
  );
}

export function microsPerRow(ms: number, { rows }: Measured): string {
  return ((ms * 1000) / Math.max(1, rows)).toFixed(1);
}

export function requestsPer1000({ requests, rows }: Measured): number {
  return (requests / Math.max(1, rows)) * 1000;
}
