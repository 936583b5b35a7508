import { FailureError } from '../failure.js';
import type { Side } from '../plan/segment.js';
import type { SourceClient } from '../source/client.js';
import { readTokenCounts } from '../source/counts.js';
import { HEX_KEYS } from '../source/key-spaces.js';
import { type ListOptions, type ListSpec, readLists } from '../source/lists.js';
import { assetOf } from '../source/queries.js';
import type { CountSource } from './count-source.js';

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
  const countDistinct = async (token: string, side: Side, at: ListOptions) => {
    const spec: ListSpec = {
      entity: 'orderFilledEvents',
      fields: `${COLLATERAL[side]} makerAssetId`,
      filter: { condition: assetOf(side), type: 'String!', value: token },
      keys: HEX_KEYS,
    };
    let rows = 0;
    let micros = 0n;
    const take = (page: readonly { readonly [field: string]: unknown }[]) => {
      // The source counts a fill without collateral as a sell, though it also names the token as a purchase would.
      const counted = side === 'sell' ? page : page.filter(({ makerAssetId }) => makerAssetId === '0');
      // Ids ascend within each range and ranges are disjoint: rows are distinct fills.
      const sum = counted.reduce((total, row) => total + amount(row[COLLATERAL[side]]), 0n);
      return () => {
        rows += counted.length;
        micros += sum;
      };
    };
    await readLists(client, [spec], [take], at);
    return { rows, micros };
  };
  return {
    recount: (tokens) => atBlock(async (at) => [...(await readTokenCounts(client, tokens, at)).values()]),
    countDistinct: (token, side) => atBlock((at) => countDistinct(token, side, at)),
  };
}

/** The leg of a fill that is USDC. */
const COLLATERAL: Record<Side, string> = { buy: 'makerAmountFilled', sell: 'takerAmountFilled' };

/** A malformed amount adds nothing: its row is a rejected one, and asking again would bring the same. */
function amount(value: unknown): bigint {
  return typeof value === 'string' && /^-?\d{1,78}$/.test(value) ? BigInt(value) : 0n;
}
