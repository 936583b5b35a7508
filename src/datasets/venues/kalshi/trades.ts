/** A chain a market for a choice; without one the feed of the whole exchange. Both go back to the watermark, and one second further. */
import { type Chain, type CursorState, cursorChain } from '../chain.js';
import type { AnyChain, Details } from '../parts.js';
import { mapTrade } from './map.js';

const TRADES_PER_PAGE = 1000;
const OVERLAP_S = 1;

export function trades({ markets, tradesToS, chosen }: Details): AnyChain[] {
  if (!chosen) return markets.length === 0 ? [] : [tradesOf('trades/all', '', since(tradesToS))];
  return markets.map((market) =>
    tradesOf(`trades/${market.marketId}`, market.marketId, [['ticker', market.marketId], ...since(market.tradesToS)]),
  );
}

function since(seconds: number | null): readonly (readonly [string, string])[] {
  return seconds === null ? [] : [['min_ts', String(seconds - OVERLAP_S)]];
}

function tradesOf(name: string, covers: string, filter: readonly (readonly [string, string])[]): Chain<CursorState> {
  const chain = cursorChain({
    name,
    venue: 'kalshi',
    kind: 'trades',
    endpoint: '/markets/trades',
    host: 'kalshi',
    path: '/markets/trades',
    query: [['limit', String(TRADES_PER_PAGE)], ...filter],
    cursorParameter: 'cursor',
    records: ['trades'],
    nextCursor: (wrapper) => wrapper.text('cursor') || null,
    endMarker: 'cursor ""',
    map: mapTrade,
  });
  return { ...chain, covers: [covers] };
}
