/**
 * The documents of page requests. Values travel as variables and the text of a document depends only on the *shape*
 * of what is asked, so there are few texts, each sent thousands of times, and a server can keep them parsed.
 */

import type { Document } from '../../../sources/subgraph/client.js';
import type { Range } from '../plan/chunk.js';
import { isSingleSecond } from '../plan/ranges.js';
import type { Segment, Side } from '../plan/segment.js';

/** The entity id holds the transaction and order hashes: asking for them too makes a row half as long again. */
const FIELDS = 'id timestamp maker taker makerAssetId takerAssetId makerAmountFilled takerAmountFilled fee';

/** Keys of the lanes of a page request, in their order. */
export const LANE_KEYS = ['laneA', 'laneB'] as const;

export interface PageQuery {
  readonly document: Document;
  readonly variables: Readonly<Record<string, unknown>>;
}

/** One lane as asked: the segment, and the range that bounds this page. */
export interface LaneRequest {
  readonly segment: Segment;
  readonly window: Range;
}

/** `block`: null reads the head. */
export function pageQuery(lanes: readonly LaneRequest[], block: number | null, pageRows: number): PageQuery {
  const parts = lanes.map((lane, i) => laneParts(lane, LANE_KEYS[i] as string));
  const declared = ['$first: Int!'];
  const variables: Record<string, unknown> = { first: pageRows };
  if (block !== null) {
    declared.push('$block: Int!');
    variables.block = block;
  }
  const at = block === null ? '' : ', block: {number: $block}';
  const fields = parts.map((part) => {
    for (const { name, type, value } of part.variables) {
      declared.push(`$${name}: ${type}`);
      variables[name] = value;
    }
    const order = `orderBy: ${part.orderBy}, orderDirection: asc, first: $first`;
    return `  ${part.key}: orderFilledEvents(where: {${part.where.join(', ')}}, ${order}${at}) { ${FIELDS} }`;
  });
  const text = `query (${declared.join(', ')}) {\n${fields.join('\n')}\n}`;
  return { document: documentOf(text, parts.length), variables };
}

/** Documents by text, so that the same shape is the same object. There are a few dozen shapes. */
const documents = new Map<string, Document>();

function documentOf(text: string, lanes: number): Document {
  let document = documents.get(text);
  if (document === undefined) {
    document = { text, keys: LANE_KEYS.slice(0, lanes) };
    documents.set(text, document);
  }
  return document;
}

interface LaneVariable {
  readonly name: string;
  readonly type: string;
  readonly value: unknown;
}

interface LaneParts {
  readonly key: string;
  readonly where: string[];
  readonly variables: LaneVariable[];
  readonly orderBy: 'id' | 'timestamp';
}

function laneParts({ segment, window }: LaneRequest, key: string): LaneParts {
  const suffix = key.slice(-1);
  const parts: LaneParts = { key, where: [], variables: [], orderBy: orderOf(window) };
  const filter = (condition: string, name: string, type: string, value: unknown) => {
    parts.where.push(`${condition}: $${name}${suffix}`);
    parts.variables.push({ name: `${name}${suffix}`, type, value });
  };
  if (segment.tokens === null) parts.where.push(wholeTape(segment.side));
  else filter(`${assetOf(segment.side)}_in`, 'tokens', '[String!]!', segment.tokens);
  if (window.axis === 'id') {
    if (segment.cursor !== null) filter('id_gt', 'after', 'ID!', segment.cursor);
    else if (window.from !== null) filter('id_gte', 'from', 'ID!', window.from);
    if (window.to !== null) filter('id_lt', 'to', 'ID!', window.to);
  } else if (isSingleSecond(window)) {
    filter('timestamp', 'second', 'BigInt!', window.from);
    if (segment.cursor !== null) filter('id_gt', 'after', 'ID!', segment.cursor);
  } else {
    if (window.from !== null) filter('timestamp_gte', 'fromTime', 'BigInt!', window.from);
    if (window.to !== null) filter('timestamp_lt', 'toTime', 'BigInt!', window.to);
  }
  return parts;
}

/** Rows of one second are ordered by id, since their time does not order them. */
export function orderOf(window: Range): 'id' | 'timestamp' {
  return window.axis === 'id' || isSingleSecond(window) ? 'id' : 'timestamp';
}

/** Where a fill's token stands, by its side. */
export function assetOf(side: Side): 'takerAssetId' | 'makerAssetId' {
  return side === 'buy' ? 'takerAssetId' : 'makerAssetId';
}

/**
 * A fill is a buy if its maker gives collateral. Sells are asked for as *all others*, so that a fill with no
 * collateral at all is seen, and rejected, rather than lying in neither lane.
 */
function wholeTape(side: Side): string {
  return side === 'buy' ? 'makerAssetId: "0"' : 'makerAssetId_not: "0"';
}
