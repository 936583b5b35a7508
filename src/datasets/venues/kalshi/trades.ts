/**
 * A chain a market for a choice; without one the feed of the whole exchange. Both go back to the watermark, and one second further.
 * The live tier holds about two months: what is older is in the historical one, which is asked once for markets that old.
 */
import { type Chain, type CursorState, cursorChain } from '../chain.js';
import type { AnyChain, Details, MarketRef } from '../parts.js';
import { mapTrade } from './map.js';

const TRADES_PER_PAGE = 1000;
const OVERLAP_S = 1;
/** Less than the live tier was ever seen to hold. */
const LIVE_S = 45 * 86_400;

export function trades({ markets, tradesToS, chosen, nowS }: Details): AnyChain[] {
  const old = markets.filter((market) => market.tradesToS === null && market.createdS < nowS - LIVE_S);
  const historical = old.map((market) => tradesOf('historical', market, []));
  if (!chosen) {
    const all = { marketId: '' };
    return markets.length === 0 ? [] : [tradesOf('live', all, since(tradesToS)), ...historical];
  }
  return [...markets.map((market) => tradesOf('live', market, since(market.tradesToS))), ...historical];
}

function since(seconds: number | null): readonly (readonly [string, string])[] {
  return seconds === null ? [] : [['min_ts', String(seconds - OVERLAP_S)]];
}

function tradesOf(
  tier: 'live' | 'historical',
  { marketId }: Pick<MarketRef, 'marketId'>,
  filter: readonly (readonly [string, string])[],
): Chain<CursorState> {
  const path = tier === 'live' ? '/markets/trades' : '/historical/trades';
  const chain = cursorChain({
    name: `trades/${tier}/${marketId === '' ? 'all' : marketId}`,
    venue: 'kalshi',
    kind: 'trades',
    endpoint: path,
    host: 'kalshi',
    path,
    query: [['limit', String(TRADES_PER_PAGE)], ...(marketId === '' ? [] : [['ticker', marketId] as const]), ...filter],
    cursorParameter: 'cursor',
    records: ['trades'],
    nextCursor: (wrapper) => wrapper.text('cursor') || null,
    endMarker: 'cursor ""',
    map: mapTrade,
  });
  return { ...chain, covers: [marketId], ...(tier === 'historical' ? { refusalEnds: 'no historical tier' } : {}) };
}
