import { longQueryFile, only, queryFile, type Work } from '../../../clickhouse/heavy.js';
import type { Side } from '../plan/segment.js';

/** Tokens that are looked at: more that differ are a broken table, not a source that miscounts. */
export const MAX_DIFFERING_TOKENS = 50_000;

interface Row {
  readonly token: string;
  readonly known: boolean;
  readonly held_buys: string;
  readonly held_sells: string;
  readonly counted_buys: string;
  readonly counted_sells: string;
  readonly held_buy_micros: string;
  readonly held_sell_micros: string;
  readonly counted_buy_micros: string;
  readonly counted_sell_micros: string;
  readonly differing: string;
}

/** One side of one token: what staging holds and what the source counts. */
export interface Lane {
  readonly token: string;
  readonly side: Side;
  readonly known: boolean;
  /** The source's counts of the token cannot be read. */
  readonly uncounted: boolean;
  readonly heldRows: number;
  readonly heldMicros: bigint;
  readonly countedRows: number;
  readonly countedMicros: bigint;
}

/** What the source counts in all, and where staging differs. */
export interface CountsFound {
  readonly tokens: number;
  readonly rows: number;
  readonly micros: bigint;
  /** Tokens that differ or have no count; `lanes` has those that differ most. */
  readonly differing: number;
  readonly lanes: readonly Lane[];
}

/** Per token and side: rows and Σ usdc against the source's own count and volume. */
export async function compareCounts(
  work: Work,
  { fills, run, uncounted }: { fills: string; run: string; uncounted: readonly string[] },
): Promise<CountsFound> {
  const totals = only(
    await queryFile<{ tokens: string; rows: string; micros: string }>(work, 'verify/totals', { params: { run } }),
    run,
  );
  const found = { tokens: Number(totals.tokens), rows: Number(totals.rows), micros: BigInt(totals.micros) };
  if (found.tokens + uncounted.length === 0) return { ...found, differing: 0, lanes: [] };
  const rows = await longQueryFile<Row>(work, 'verify/counts', {
    names: { fills },
    params: { run, limit: MAX_DIFFERING_TOKENS },
  });
  const guessed = new Set(uncounted);
  const held = new Map(rows.map((row) => [row.token, row]));
  const counted = rows.filter(({ token }) => !guessed.has(token));
  // Both sides of a token whose counts cannot be read: also the one of which nothing is held.
  const lanes = uncounted.flatMap((token) => sidesOf(held.get(token) ?? { ...NOTHING, token }, true));
  return {
    ...found,
    differing: Number(rows[0]?.differing ?? 0) - (rows.length - counted.length) + uncounted.length,
    lanes: [...counted.flatMap((row) => sidesOf(row, false).filter(differs)), ...lanes],
  };
}

const NOTHING: Omit<Row, 'token'> = {
  known: false,
  held_buys: '0',
  held_sells: '0',
  counted_buys: '0',
  counted_sells: '0',
  held_buy_micros: '0',
  held_sell_micros: '0',
  counted_buy_micros: '0',
  counted_sell_micros: '0',
  differing: '0',
};

function sidesOf(row: Row, uncounted: boolean): [Lane, Lane] {
  const buy: Lane = {
    token: row.token,
    side: 'buy',
    known: row.known,
    uncounted,
    heldRows: Number(row.held_buys),
    heldMicros: BigInt(row.held_buy_micros),
    countedRows: Number(row.counted_buys),
    countedMicros: BigInt(row.counted_buy_micros),
  };
  const sell: Lane = {
    token: row.token,
    side: 'sell',
    known: row.known,
    uncounted,
    heldRows: Number(row.held_sells),
    heldMicros: BigInt(row.held_sell_micros),
    countedRows: Number(row.counted_sells),
    countedMicros: BigInt(row.counted_sell_micros),
  };
  return [buy, sell];
}

export function differs(lane: Lane): boolean {
  return lane.heldRows !== lane.countedRows || lane.heldMicros !== lane.countedMicros;
}
