import type { Side } from '../plan/segment.js';
import type { SourceClient } from '../source/client.js';
import { readTokenCounts } from '../source/counts.js';
import { HEX_KEYS } from '../source/key-spaces.js';
import { type ListOptions, type ListSpec, readLists } from '../source/lists.js';
import { assetOf } from '../source/queries.js';
import type { CountSource } from './count-source.js';

/** Verify's questions, put to the orderbook subgraph at the block of `options`. Throws FailureError. */
export function subgraphCountSource(client: SourceClient, options: ListOptions): CountSource {
  return {
    recount: async (tokens) => [...(await readTokenCounts(client, tokens, options)).values()],
    countDistinct: async (token, side) => {
      const spec: ListSpec = {
        entity: 'orderFilledEvents',
        fields: COLLATERAL[side],
        filter: { condition: assetOf(side), type: 'String!', value: token },
        keys: HEX_KEYS,
      };
      let micros = 0n;
      const take = (rows: readonly { readonly [field: string]: unknown }[]) => {
        // Ids ascend within each range and ranges are disjoint: rows are distinct fills.
        const sum = rows.reduce((total, row) => total + amount(row[COLLATERAL[side]]), 0n);
        return () => {
          micros += sum;
        };
      };
      const { rows } = await readLists(client, [spec], [take], options);
      return { rows, micros };
    },
  };
}

/** The leg of a fill that is USDC. */
const COLLATERAL: Record<Side, string> = { buy: 'makerAmountFilled', sell: 'takerAmountFilled' };

/** A malformed amount adds nothing: its row is a rejected one, and asking again would bring the same. */
function amount(value: unknown): bigint {
  return typeof value === 'string' && /^-?\d{1,78}$/.test(value) ? BigInt(value) : 0n;
}
