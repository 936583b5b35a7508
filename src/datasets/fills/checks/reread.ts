/**
 * Tokens read again, as verify does where staging and the source's count differ. Their fills are what it costs, so small ones
 * are packed into full lanes, and lanes of whichever side travel two to a request. A token of many fills is asked for alone, as
 * no load does.
 */

import type { Work } from '../../../clickhouse/heavy.js';
import { FailureError } from '../../../core/failure.js';
import { packLanes } from '../plan/lane-packing.js';
import type { Side } from '../plan/segment.js';
import { type CountSource, laneKey, type Served, type TokenPack } from './count-source.js';

/** A token's side, and about how many fills to expect. */
export interface Reread {
  readonly token: string;
  readonly side: Side;
  readonly countedRows: number;
}

/** A token with more rows has a list of its own. */
const PACKED_ROWS = 500;
const LIMITS = { pageRows: 1000, maxTokens: 100, maxPages: 1 };
/** Packs of one call: enough that only its last requests have empty lanes, few enough that a bad page spoils little. */
const CALL_PACKS = 64;
const CALLS_AT_ONCE = 2;

/** What the source serves of each, by `laneKey`; in place of it why that cannot be read, which is no reason to stop. */
export async function readServed(
  work: Work,
  source: CountSource,
  lanes: readonly Reread[],
  aside: ReadonlySet<string>,
): Promise<ReadonlyMap<string, Served | string>> {
  const found = new Map<string, Served | string>();
  const packs = [...packsOf(lanes, 'buy'), ...packsOf(lanes, 'sell')]
    .sort((a, b) => b.rows - a.rows)
    .map(({ side, tokens }): TokenPack => ({ side, tokens }));
  const calls = Array.from({ length: Math.ceil(packs.length / CALL_PACKS) }, (_, i) =>
    packs.slice(i * CALL_PACKS, (i + 1) * CALL_PACKS),
  );
  const worker = async (): Promise<void> => {
    try {
      for (let call = calls.shift(); call !== undefined; call = calls.shift()) {
        work.signal?.throwIfAborted();
        await readPacks(source, call, aside, found);
      }
    } finally {
      // After a failure the others end with the call that they are in.
      calls.length = 0;
    }
  };
  const ended = await Promise.allSettled(Array.from({ length: CALLS_AT_ONCE }, worker));
  for (const end of ended) if (end.status === 'rejected') throw end.reason;
  return found;
}

function packsOf(lanes: readonly Reread[], side: Side): { side: Side; tokens: string[]; rows: number }[] {
  const ofSide = lanes.filter((lane) => lane.side === side);
  const alone = ofSide.filter(({ countedRows }) => countedRows > PACKED_ROWS);
  const small = ofSide.filter(({ countedRows }) => countedRows <= PACKED_ROWS);
  const items = small.map(({ countedRows }, token) => ({ token, rows: Math.max(1, countedRows) }));
  return [
    ...alone.map(({ token, countedRows }) => ({ side, tokens: [token], rows: countedRows })),
    ...packLanes(items, LIMITS).map(({ tokens, rows }) => ({
      side,
      tokens: tokens.map((index) => (small[index] as Reread).token),
      rows,
    })),
  ];
}

/** A page that is wrong whenever it is asked for is a finding about its token: halves lead to it. */
async function readPacks(
  source: CountSource,
  packs: readonly TokenPack[],
  aside: ReadonlySet<string>,
  found: Map<string, Served | string>,
): Promise<void> {
  try {
    for (const [key, served] of await source.countDistinct(packs, aside)) found.set(key, served);
  } catch (error) {
    if (!(error instanceof FailureError) || error.failure.code !== 'bad_page') throw error;
    const [first, second] = halves(packs);
    if (first === undefined || second === undefined) {
      for (const { side, tokens } of packs) {
        for (const token of tokens) found.set(laneKey(token, side), error.failure.message);
      }
      return;
    }
    await readPacks(source, first, aside, found);
    await readPacks(source, second, aside, found);
  }
}

/** The packs in two; a single pack's tokens in two; nothing where there is one token. */
function halves(packs: readonly TokenPack[]): TokenPack[][] {
  const [pack] = packs;
  if (packs.length > 1) return cut(packs);
  if (pack === undefined || pack.tokens.length < 2) return [];
  return cut(pack.tokens).map((tokens) => [{ side: pack.side, tokens }]);
}

function cut<T>(items: readonly T[]): T[][] {
  const middle = Math.ceil(items.length / 2);
  return [items.slice(0, middle), items.slice(middle)];
}
