/**
 * The source's own counts: what there is, before anything is fetched, and afterwards the proof that it is all there.
 */
import { z } from 'zod';
import { cutMessage, failed } from '../failure.js';
import type { TokenCount } from '../plan/chunk.js';
import type { Document, SourceClient } from './client.js';
import { DECIMAL_KEYS } from './key-spaces.js';
import { isTooSlow, type ListOptions, type ListRow, type ListSpec, noRetry, readLists, smallerPage } from './lists.js';

export interface SourceCounts {
  /** Tokens with fills, ascending by id. */
  readonly tokens: readonly TokenCount[];
  /** Tokens that the source knows and counts no fill for, ascending. */
  readonly emptyTokens: readonly string[];
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
  const takeCounts = (rows: readonly ListRow[]) => {
    const counts = rows.map(toCount);
    return () => {
      for (const count of counts) {
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
  return { tokens, emptyTokens, conditions, requests };
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

/** Some tokens' counts, read again. A token that the source no longer knows comes back with zeros. Throws FailureError. */
export async function readTokenCounts(
  client: SourceClient,
  tokens: readonly string[],
  options: ListOptions,
): Promise<Map<string, TokenCount>> {
  const counts = new Map<string, TokenCount>();
  const { block } = options;
  const document = block === null ? TOKENS_DOCUMENTS.head : TOKENS_DOCUMENTS.pinned;
  let perRequest = TOKENS_PER_REQUEST;
  for (let i = 0; i < tokens.length; ) {
    let ids: readonly string[] = [];
    const rows = await (options.retry ?? noRetry)('orderbooks', async () => {
      ids = tokens.slice(i, i + perRequest);
      const variables = { ids, first: ids.length, ...(block === null ? {} : { block }) };
      try {
        return parseCounts((await client.request(document, variables, options.signal)).orderbooks);
      } catch (error) {
        if (isTooSlow(error)) perRequest = smallerPage(perRequest);
        throw error;
      }
    });
    i += ids.length;
    const asked = new Set(ids);
    for (const id of ids) counts.set(id, { token: id, buys: 0, sells: 0, buyMicros: '0', sellMicros: '0' });
    for (const count of rows) {
      if (!asked.has(count.token)) {
        throw failed('transient', 'bad_page', `orderbook ${count.token}, which was not asked for`);
      }
      counts.set(count.token, count);
    }
    options.onPage?.(rows.length);
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

function parseCounts(value: unknown): TokenCount[] {
  const rows = z.array(z.looseObject({ id: z.string() })).safeParse(value);
  if (!rows.success) throw failed('transient', 'bad_page', 'a page of orderbooks that is no list of rows with ids');
  return rows.data.map(toCount);
}

function toCount(row: ListRow): TokenCount {
  const parsed = countSchema.safeParse(row);
  if (!parsed.success) {
    const issue = parsed.error.issues[0];
    // Not set aside: a token whose counts cannot be read would be left out of the plan and of the proof, and nobody told.
    throw failed(
      'transient',
      'bad_page',
      `orderbook ${cutMessage(row.id, 100)}, ${issue?.path.join('.')}: ${issue?.message}; without its counts the ` +
        'fills of this token can be neither planned nor proven: if it stays so, report the token to the owner of the subgraph',
    );
  }
  const { id, buysQuantity, sellsQuantity, collateralBuyVolume, collateralSellVolume } = parsed.data;
  return {
    token: id,
    buys: buysQuantity,
    sells: sellsQuantity,
    buyMicros: collateralBuyVolume,
    sellMicros: collateralSellVolume,
  };
}
