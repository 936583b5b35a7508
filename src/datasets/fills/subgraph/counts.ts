/**
 * The source's own counts: what there is, before anything is fetched, and afterwards the proof that it is all there.
 */
import { z } from 'zod';
import { cutMessage, failed } from '../../../core/failure.js';
import type { Document, SourceClient } from '../../../sources/subgraph/client.js';
import { DECIMAL_KEYS } from '../../../sources/subgraph/key-spaces.js';
import {
  isTooSlow,
  type ListOptions,
  type ListRow,
  type ListSpec,
  noRetry,
  readLists,
  smallerPage,
} from '../../../sources/subgraph/lists.js';
import { type Malformed, MalformedRows, malformed } from '../../../sources/subgraph/malformed.js';
import type { TokenCount } from '../plan/chunk.js';

export interface SourceCounts {
  /** Tokens with fills, ascending by id. */
  readonly tokens: readonly TokenCount[];
  /** Tokens that the source knows and counts no fill for, ascending. */
  readonly emptyTokens: readonly string[];
  /** Tokens whose counts are malformed however often they are asked for: only reading their fills tells how many there are. Ascending. */
  readonly uncounted: readonly string[];
  /** Token → condition, for every token that the source explains; empty ones too. */
  readonly conditions: ReadonlyMap<string, string>;
  readonly requests: number;
}

const FIELDS = 'buysQuantity sellsQuantity collateralBuyVolume collateralSellVolume';

const ORDERBOOKS: ListSpec = { entity: 'orderbooks', fields: FIELDS, keys: DECIMAL_KEYS };
const MARKETS: ListSpec = { entity: 'marketDatas', fields: 'condition', keys: DECIMAL_KEYS };

/** Every token's counts and condition, as two lists side by side. Throws FailureError. */
export async function readCounts(client: SourceClient, options: ListOptions): Promise<SourceCounts> {
  const tokens: TokenCount[] = [];
  const emptyTokens: string[] = [];
  const conditions = new Map<string, string>();
  const odd = new MalformedRows('orderbook');
  const takeCounts = (rows: readonly ListRow[]) => {
    const { decoded, keep } = odd.sift(rows, toCount);
    return () => {
      keep();
      for (const count of decoded) {
        if (count.buys + count.sells > 0) tokens.push(count);
        else emptyTokens.push(count.token);
      }
    };
  };
  const takeMarkets = (rows: readonly ListRow[]) => () => {
    for (const { id, condition } of rows) {
      if (typeof condition === 'string' && condition !== '') conditions.set(id, condition.toLowerCase());
    }
  };
  const { requests } = await readLists(client, [ORDERBOOKS, MARKETS], [takeCounts, takeMarkets], options);
  tokens.sort((a, b) => (a.token < b.token ? -1 : a.token > b.token ? 1 : 0));
  emptyTokens.sort();
  const uncounted = odd.all(tokens.length + emptyTokens.length).map(({ id }) => id);
  return { tokens, emptyTokens, uncounted, conditions, requests };
}

const TOKENS_DOCUMENTS = { pinned: tokensDocument(true), head: tokensDocument(false) };

function tokensDocument(pinned: boolean): Document {
  const [declared, at] = pinned ? [', $block: Int!', ', block: {number: $block}'] : ['', ''];
  return {
    text: `query ($ids: [ID!]!, $first: Int!${declared}) {
  orderbooks(where: {id_in: $ids}, orderBy: id, orderDirection: asc, first: $first${at}) { id ${FIELDS} }
}`,
    keys: ['orderbooks'],
  };
}

/** Tokens of one request; the ids are 16 KB of it. */
const TOKENS_PER_REQUEST = 200;

/**
 * Some tokens' counts, read again. A token that the source no longer knows comes back with zeros, one whose counts stay malformed
 * not at all. Throws FailureError.
 */
export async function readTokenCounts(
  client: SourceClient,
  tokens: readonly string[],
  options: ListOptions,
): Promise<Map<string, TokenCount>> {
  const counts = new Map<string, TokenCount>();
  const { block } = options;
  const document = block === null ? TOKENS_DOCUMENTS.head : TOKENS_DOCUMENTS.pinned;
  const odd = new MalformedRows('orderbook');
  let perRequest = TOKENS_PER_REQUEST;
  for (let i = 0; i < tokens.length; ) {
    const page = await (options.retry ?? noRetry)('orderbooks', async () => {
      const ids = tokens.slice(i, i + perRequest);
      const variables = { ids, first: ids.length, ...(block === null ? {} : { block }) };
      try {
        const rows = rowsOf((await client.request(document, variables, options.signal)).orderbooks, new Set(ids));
        return { ids, rows, ...odd.sift(rows, toCount) };
      } catch (error) {
        if (isTooSlow(error)) perRequest = smallerPage(perRequest);
        throw error;
      }
    });
    i += page.ids.length;
    page.keep();
    const malformedOnes = new Set(page.rows.map(({ id }) => id));
    for (const { token } of page.decoded) malformedOnes.delete(token);
    for (const id of page.ids) {
      if (!malformedOnes.has(id)) counts.set(id, { token: id, buys: 0, sells: 0, buyMicros: '0', sellMicros: '0' });
    }
    for (const count of page.decoded) counts.set(count.token, count);
    options.onPage?.(page.rows.length);
  }
  return counts;
}

const quantity = z
  .string()
  .regex(/^\d{1,16}$/)
  .transform(Number)
  .refine(Number.isSafeInteger, 'beyond 2^53');
const volume = z.string().regex(/^\d{1,38}$/);
const countSchema = z.object({
  id: z.string().min(1),
  buysQuantity: quantity,
  sellsQuantity: quantity,
  collateralBuyVolume: volume,
  collateralSellVolume: volume,
});

function rowsOf(value: unknown, asked: ReadonlySet<string>): ListRow[] {
  const rows = z.array(z.looseObject({ id: z.string() })).safeParse(value);
  if (!rows.success) throw failed('transient', 'bad_page', 'a page of orderbooks that is no list of rows with ids');
  const stray = rows.data.find(({ id }) => !asked.has(id));
  if (stray) throw failed('transient', 'bad_page', `orderbook ${cutMessage(stray.id, 100)}, which was not asked for`);
  return rows.data;
}

function toCount(row: ListRow): TokenCount | Malformed {
  const parsed = countSchema.safeParse(row);
  if (!parsed.success) return malformed(row, parsed.error);
  const { id, buysQuantity, sellsQuantity, collateralBuyVolume, collateralSellVolume } = parsed.data;
  return {
    token: id,
    buys: buysQuantity,
    sells: sellsQuantity,
    buyMicros: collateralBuyVolume,
    sellMicros: collateralSellVolume,
  };
}
