/**
 * What a run covers when it does not cover everything: whole markets, and never silently less. A market is a
 * condition; a token that no condition explains is a market of its own.
 */
import type { TokenCount } from './chunk.js';
import type { MarketList } from './market-list.js';

export interface Selection {
  readonly markets?: MarketList;
  /** Markets at most, those with most fills first. */
  readonly limit?: number;
  /** Fills that a market must have. */
  readonly minFills?: number;
}

/** What the source knows, as far as choosing depends on it. */
export interface KnownTokens {
  readonly tokens: readonly TokenCount[];
  readonly emptyTokens: readonly string[];
  /** Tokens of which nobody knows how many fills they have. */
  readonly uncounted: readonly string[];
  readonly conditions: ReadonlyMap<string, string>;
}

export interface Selected {
  readonly tokens: readonly TokenCount[];
  /** Tokens whose number of fills is unknown: their markets are never left out for having too few. Ascending. */
  readonly uncounted: readonly string[];
  /** Markets that have fills, or may have. */
  readonly markets: number;
  /** Chosen markets that have no fills. */
  readonly marketsWithoutFills: number;
  /** Lines of the list that name a market again, by the same id or by another of its ids. */
  readonly repeats: number;
  /** Ids of the list that the source does not know. */
  readonly unknown: readonly string[];
  /** Markets left out by `minFills` and by `limit`. */
  readonly belowMinFills: number;
  readonly beyondLimit: number;
  /** Uncounted tokens of the markets that `limit` left out: they may have many fills. */
  readonly uncountedBeyondLimit: number;
}

export type SelectionResult =
  | { readonly ok: true; readonly selected: Selected }
  | { readonly ok: false; readonly message: string };

interface Market {
  readonly key: string;
  readonly tokens: TokenCount[];
  readonly uncounted: string[];
  fills: number;
}

/** The market of a token: its condition, or itself. */
export function marketOf(conditions: ReadonlyMap<string, string>, token: string): string {
  return conditions.get(token) ?? token;
}

export function selectTokens(known: KnownTokens, selection: Selection): SelectionResult {
  const markets = gatherMarkets(known);
  let chosen = [...markets.values()];
  let repeats = 0;
  const unknown: string[] = [];
  if (selection.markets !== undefined) {
    const named = new Map<string, Market>();
    repeats = selection.markets.repeats;
    for (const { kind, id } of selection.markets.entries) {
      const market = markets.get(kind === 'token' ? marketOf(known.conditions, id) : id);
      if (market === undefined) unknown.push(id);
      else if (named.has(market.key)) repeats++;
      else named.set(market.key, market);
    }
    chosen = [...named.values()];
  }
  const withFills = chosen.filter((market) => market.fills > 0 || market.uncounted.length > 0);
  const enough = withFills.filter((market) => market.fills >= (selection.minFills ?? 0) || market.uncounted.length > 0);
  const byFills = enough.sort((a, b) => b.fills - a.fills || (a.key < b.key ? -1 : 1));
  const kept = byFills.slice(0, selection.limit ?? byFills.length);
  const selected: Selected = {
    tokens: kept.flatMap((market) => market.tokens).sort((a, b) => (a.token < b.token ? -1 : 1)),
    uncounted: kept.flatMap((market) => market.uncounted).sort(),
    markets: kept.length,
    marketsWithoutFills: chosen.length - withFills.length,
    repeats,
    unknown,
    belowMinFills: withFills.length - enough.length,
    beyondLimit: byFills.length - kept.length,
    uncountedBeyondLimit: byFills.slice(kept.length).reduce((sum, market) => sum + market.uncounted.length, 0),
  };
  return kept.length > 0
    ? { ok: true, selected }
    : { ok: false, message: whyEmpty(selection, chosen.length, selected) };
}

function gatherMarkets({ tokens, emptyTokens, uncounted, conditions }: KnownTokens): Map<string, Market> {
  const markets = new Map<string, Market>();
  const market = (token: string): Market => {
    const key = marketOf(conditions, token);
    const found = markets.get(key) ?? { key, tokens: [], uncounted: [], fills: 0 };
    markets.set(key, found);
    return found;
  };
  for (const count of tokens) {
    const found = market(count.token);
    found.tokens.push(count);
    found.fills += count.buys + count.sells;
  }
  for (const token of uncounted) market(token).uncounted.push(token);
  for (const token of emptyTokens) market(token);
  for (const token of conditions.keys()) market(token);
  return markets;
}

function whyEmpty(selection: Selection, chosen: number, selected: Selected): string {
  if (selection.markets === undefined && chosen === 0) return 'the source has no markets';
  const parts: string[] = [];
  if (selection.markets?.entries.length === 0) parts.push('the market list names none');
  if (selected.unknown.length > 0) parts.push(`${selected.unknown.length} ids are unknown to the source`);
  if (selected.marketsWithoutFills > 0) parts.push(`${selected.marketsWithoutFills} markets have no fills`);
  if (selected.belowMinFills > 0) parts.push(`${selected.belowMinFills} have fewer than ${selection.minFills} fills`);
  if (selected.beyondLimit > 0) parts.push(`the limit is ${selection.limit}`);
  return `the selection is empty: ${parts.join(', ')}`;
}
