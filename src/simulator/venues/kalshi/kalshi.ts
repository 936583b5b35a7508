/** Kalshi's host: markets, events, series; trades, books, candles and the historical tier come from their own files. */
import type { SimulatedClock } from '../clock.js';
import { type Answer, type Asked, clamped, type Host, json, listed, type Route } from '../http/host.js';
import { BucketLimiter, UNLIMITED } from '../http/limits.js';
import type { Settled } from '../options.js';
import { bookRoutes } from './books.js';
import { candleRoutes } from './candles.js';
import { historicalRoutes } from './historical.js';
import { badRequest, listMarkets, notFound } from './listing.js';
import { kalshiMarket } from './market.js';
import { kalshiEventJson, kalshiMarketJson, seriesJson } from './market-json.js';
import { tradeRoutes } from './trades.js';
import type { KalshiUniverse } from './universe.js';

const EVENTS_MAX = 200;
/** Requests a second: without a key, and with one (Basic: 200 tokens at 10 a request). */
const KEYLESS_RPS = 10;
const BASIC_RPS = 20;

export function kalshiHost(universe: KalshiUniverse, clock: SimulatedClock, settled: Settled): Host {
  const get = (path: string, answer: (asked: Asked, params: readonly string[], atMs: number) => Answer): Route => ({
    method: 'GET',
    path,
    answer: (asked, params) => answer(asked, params, universe.anomalies.shown(clock.now())),
  });
  const { limitScale } = settled;
  const rps = (asked: Asked) => (hasKey(asked) ? BASIC_RPS : KEYLESS_RPS) * limitScale;
  return {
    name: 'kalshi',
    base: '/kalshi/trade-api/v2',
    limiter:
      limitScale === 0
        ? UNLIMITED
        : // No Retry-After: whoever is refused has to wait longer each time.
          new BucketLimiter(rps, Math.max(1, KEYLESS_RPS * limitScale), () =>
            json({ error: 'too many requests' }, 429),
          ),
    routes: [
      get('/markets', (asked, _, atMs) => listMarkets(universe, asked, atMs)),
      ...tradeRoutes(universe, clock),
      ...bookRoutes(universe, clock),
      ...candleRoutes(universe, clock),
      ...historicalRoutes(universe, clock),
      get('/markets/:ticker', (_asked, [ticker], atMs) => {
        const i = universe.indexOfTicker(ticker as string, atMs);
        return i === undefined
          ? notFound()
          : json({ market: kalshiMarketJson(universe, kalshiMarket(universe, i, atMs)) });
      }),
      get('/events', (asked, _, atMs) => listEvents(universe, asked, atMs)),
      get('/events/:ticker', (asked, [ticker], atMs) => {
        const event = universe.indexOfEventTicker(ticker as string, atMs);
        if (event === undefined) return notFound();
        const markets = membersJson(universe, event, atMs);
        const body = kalshiEventJson(universe, event);
        return asked.query.get('with_nested_markets') === 'true'
          ? json({ event: { ...body, markets } })
          : json({ event: body, markets });
      }),
      get('/series', () =>
        json({ series: Array.from({ length: universe.seriesCount }, (_, k) => seriesJson(universe, k)) }),
      ),
      get('/series/:ticker', (_asked, [ticker]) => {
        for (let k = 0; k < universe.seriesCount; k++) {
          if (universe.seriesTicker(k) === ticker) return json({ series: seriesJson(universe, k) });
        }
        return notFound();
      }),
    ],
    notFound,
  };
}

function hasKey({ headers }: Asked): boolean {
  return headers['kalshi-access-key'] !== undefined || headers.authorization !== undefined;
}

function membersJson(universe: KalshiUniverse, event: number, atMs: number): unknown[] {
  return universe.membersOf(event).map((i) => kalshiMarketJson(universe, kalshiMarket(universe, i, atMs)));
}

/** No complete list of parents: some events with active markets appear under no status. */
function listEvents(universe: KalshiUniverse, { query }: Asked, atMs: number): Answer {
  const limit = clamped(query, 'limit', 200, EVENTS_MAX);
  const nested = query.get('with_nested_markets') === 'true';
  const tickers = listed(query, 'event_ticker').concat(listed(query, 'event_tickers'), listed(query, 'tickers'));
  const named = tickers.length > 0 ? new Set(tickers.map((t) => universe.indexOfEventTicker(t, atMs))) : undefined;
  const status = query.get('status');
  const accepts = eventTest(universe, status, atMs);
  if (!accepts) return badRequest(`invalid status: ${status}`);
  const minClose = Number(query.get('min_close_ts') ?? 0) * 1000;
  const minUpdated = Number(query.get('min_updated_ts') ?? 0) * 1e6;
  const cursor = query.get('cursor');
  const before = cursor
    ? universe.indexOfEventTicker(Buffer.from(cursor, 'base64url').toString(), atMs)
    : universe.total(atMs);
  if (before === undefined) return badRequest('invalid cursor');
  const rows: number[] = [];
  for (let i = before - 1; i >= 0 && rows.length < limit; i--) {
    if (universe.eventOf(i) !== i) continue;
    if (named ? !named.has(i) : universe.hiddenEvent(i) || !accepts(i)) continue;
    if (minClose > 0 && !universe.membersOf(i).some((k) => universe.life(k).closesMs > minClose)) continue;
    if (minUpdated > 0 && universe.createdMicros(i) + 60e6 <= minUpdated) continue;
    rows.push(i);
  }
  const last = rows.length === limit ? (rows.at(-1) as number) : undefined;
  return json({
    cursor: last === undefined ? '' : Buffer.from(universe.eventTicker(last)).toString('base64url'),
    events: rows.map((event) => ({
      ...kalshiEventJson(universe, event),
      ...(nested ? { markets: membersJson(universe, event, atMs) } : {}),
    })),
    milestones: [],
  });
}

function eventTest(
  universe: KalshiUniverse,
  status: string | null,
  atMs: number,
): ((event: number) => boolean) | undefined {
  if (!status) return () => true;
  const wanted = {
    unopened: ['initialized'],
    open: ['active'],
    closed: ['closed', 'determined'],
    settled: ['finalized'],
  }[status];
  if (!wanted) return undefined;
  return (event) => universe.membersOf(event).some((i) => wanted.includes(universe.status(i, atMs)));
}
