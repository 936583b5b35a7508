import { FailureError, failed } from '../../../core/failure.js';
import type { SourceClient } from '../../../sources/subgraph/client.js';
import { HEX_KEYS } from '../../../sources/subgraph/key-spaces.js';
import { type ListOptions, type ListRow, type ListSpec, readLists } from '../../../sources/subgraph/lists.js';
import { type CountSource, laneKey, type Served, type TokenPack } from '../checks/count-source.js';
import type { Side } from '../plan/segment.js';
import { readTokenCounts } from './counts.js';
import { assetOf } from './queries.js';

/**
 * Verify's questions, put to the orderbook subgraph at the block of `options`; at its head from when on it refuses that block.
 * Throws FailureError.
 */
export function subgraphCountSource(
  client: SourceClient,
  options: ListOptions,
  onUnpinned: (why: string) => void = () => undefined,
): CountSource {
  let { block } = options;
  const atBlock = async <T>(ask: (at: ListOptions) => Promise<T>): Promise<T> => {
    const asked = block;
    try {
      return await ask({ ...options, block: asked });
    } catch (error) {
      if (asked === null || !(error instanceof FailureError) || error.failure.code !== 'pin_refused') throw error;
      if (block !== null) onUnpinned(error.failure.message);
      block = null;
      return ask({ ...options, block });
    }
  };
  return {
    recount: (tokens) => atBlock(async (at) => [...(await readTokenCounts(client, tokens, at)).values()]),
    countDistinct: (packs, aside) => atBlock((at) => countServed(client, packs, aside, at)),
  };
}

/** Reads the packs' fills as lists of ids, apart from the way in which they were loaded. */
async function countServed(
  client: SourceClient,
  packs: readonly TokenPack[],
  aside: ReadonlySet<string>,
  at: ListOptions,
): Promise<ReadonlyMap<string, Served>> {
  const served = new Map<string, Sum>();
  for (const { side, tokens } of packs) {
    for (const token of tokens)
      served.set(laneKey(token, side), { rows: 0, micros: 0n, aside: { rows: 0, micros: 0n, unreadable: 0 } });
  }
  const sinks = packs.map((pack) => (page: readonly ListRow[]) => {
    const { side } = pack;
    const sums = page.map((row) => {
      const token = tokenOf(row, pack, aside);
      const sum = token === undefined ? undefined : served.get(laneKey(token, side));
      if (sum === undefined) {
        // Asking again brings the same rejected row; asking for its token alone settles it.
        const kind = aside.has(row.id) ? 'terminal' : 'transient';
        throw failed(kind, 'bad_page', `fill ${row.id}, which was not asked for`);
      }
      return sum;
    });
    // Ids ascend within each range and ranges are disjoint: rows are distinct fills.
    return () => {
      for (const [i, sum] of sums.entries()) {
        const row = page[i] as ListRow;
        const micros = amount(row[COLLATERAL[side]]);
        sum.rows++;
        sum.micros += micros ?? 0n;
        if (!aside.has(row.id)) continue;
        sum.aside.rows++;
        sum.aside.micros += micros ?? 0n;
        if (micros === null) sum.aside.unreadable++;
      }
    };
  });
  await readLists(client, packs.map(listOf), sinks, at);
  return served;
}

/** The token of the pack that a row is of. A rejected row may name none, or a wrong one: it is then of the only token asked for. */
function tokenOf(row: ListRow, { side, tokens }: TokenPack, aside: ReadonlySet<string>): string | undefined {
  const named = row[assetOf(side)];
  // The source counts a fill without collateral as a sell, though it also names the token as a purchase would.
  if (typeof named === 'string' && tokens.includes(named) && (side === 'sell' || row.makerAssetId === '0'))
    return named;
  return tokens.length === 1 && aside.has(row.id) ? tokens[0] : undefined;
}

interface Sum {
  rows: number;
  micros: bigint;
  readonly aside: { rows: number; micros: bigint; unreadable: number };
}

function listOf({ side, tokens }: TokenPack): ListSpec {
  const asset = assetOf(side);
  const [token] = tokens;
  const ofTokens =
    tokens.length === 1
      ? { condition: asset, type: 'String!', value: token }
      : { condition: `${asset}_in`, type: '[String!]!', value: tokens };
  const bought = { condition: 'makerAssetId', type: 'String!', value: '0' };
  return {
    entity: 'orderFilledEvents',
    fields: `makerAssetId takerAssetId ${COLLATERAL[side]}`,
    filters: side === 'buy' ? [ofTokens, bought] : [ofTokens],
    keys: HEX_KEYS,
  };
}

/** The leg of a fill that is USDC. */
const COLLATERAL: Record<Side, string> = { buy: 'makerAmountFilled', sell: 'takerAmountFilled' };

/** Null for a malformed amount, or one that no fill can have: its row is a rejected one, and asking again would bring the same. */
function amount(value: unknown): bigint | null {
  return typeof value === 'string' && /^\d{1,18}$/.test(value) ? BigInt(value) : null;
}
