/** Limitless' host: page numbers that shift, totals that count rows, and no trades. */
import { word } from '../../hash.js';
import type { SimulatedClock } from '../clock.js';
import { type Answer, type Asked, clamped, type Host, json, type Route } from '../http/host.js';
import { GapLimiter, UNLIMITED } from '../http/limits.js';
import type { Settled } from '../options.js';
import { countUntil, priceAfter } from '../stream.js';
import { topic } from '../words.js';
import { limitlessBook } from './book.js';
import { type LimitlessMarket, limitlessMarket, limitlessRow, marketJson, placeOfSlug } from './market.js';
import type { LimitlessUniverse } from './universe.js';

const PAGE_MAX = 25;
const GAP_MS = 300;

export function limitlessHost(universe: LimitlessUniverse, clock: SimulatedClock, settled: Settled): Host {
  const get = (path: string, answer: (asked: Asked, params: readonly string[], atMs: number) => Answer): Route => ({
    method: 'GET',
    path,
    answer: (asked, params) => answer(asked, params, universe.anomalies.shown(clock.now())),
  });
  let refusals = 0;
  const refusal = (): Answer => {
    // Retry-After is there on every second refusal only.
    const headers = ++refusals % 2 === 0 ? { 'retry-after': '1' } : undefined;
    return json({ statusCode: 429, message: 'ThrottlerException: Too Many Requests' }, 429, headers);
  };
  const missing = () => json({ statusCode: 404, message: 'Market not found', error: 'Not Found' }, 404);
  const found = (slug: string, atMs: number) => placeOfSlug(universe, slug, atMs);
  return {
    name: 'limitless',
    base: '/limitless',
    limiter: settled.limitScale === 0 ? UNLIMITED : new GapLimiter(2, GAP_MS / settled.limitScale, refusal),
    routes: [
      get('/markets/active', (asked, _, atMs) => listActive(universe, asked, atMs)),
      get('/markets/active/slugs', (_asked, _, atMs) => json(slugs(universe, atMs))),
      get('/markets/categories/count', (_asked, _, atMs) => json(categoryCounts(universe, atMs))),
      get('/markets/active/:category', (asked, [category], atMs) =>
        listActive(universe, asked, atMs, Number(category)),
      ),
      get('/market-pages/:id/markets', (asked, _, atMs) => marketPages(universe, asked, atMs)),
      get('/markets/:slug/orderbook', (_asked, [slug], atMs) => {
        const place = found(slug as string, atMs);
        if (!place) return missing();
        const market = limitlessMarket(universe, place.i, place.child, atMs);
        if (market.amm) {
          return json(
            { statusCode: 400, message: 'Orderbook is only available for CLOB markets', error: 'Bad Request' },
            400,
          );
        }
        return json(bookJson(universe, market));
      }),
      get('/markets/:slug/historical-price', (asked, [slug], atMs) => {
        const place = found(slug as string, atMs);
        return place ? json(history(universe, place.i, place.child, asked, atMs)) : missing();
      }),
      get('/markets/:slug/timeline', (asked, [slug], atMs) => {
        const place = found(slug as string, atMs);
        return place ? json({ data: timeline(universe, place.i, asked, atMs) }) : missing();
      }),
      get('/markets/:slug', (_asked, [slug], atMs) => {
        const place = found(slug as string, atMs);
        if (!place) return missing();
        if (place.child === 0) return json(limitlessRow(universe, place.i, atMs));
        return json(marketJson(universe, limitlessMarket(universe, place.i, place.child, atMs)));
      }),
    ],
    notFound: ({ method, path }) =>
      json({ statusCode: 404, message: `Cannot ${method} ${path}`, error: 'Not Found' }, 404),
  };
}

/** Active rows, newest first. */
function active(universe: LimitlessUniverse, atMs: number): number[] {
  const rows: number[] = [];
  for (let i = universe.total(atMs) - 1; i >= 0; i--) if (universe.isActive(i, atMs)) rows.push(i);
  return rows;
}

/** A group's volume is that of its children. */
function volumeOf(universe: LimitlessUniverse, i: number, atMs: number): number {
  const children = universe.childCount(i);
  if (children === 0) return limitlessMarket(universe, i, 0, atMs).volume;
  let sum = 0;
  for (let child = 1; child <= children; child++) sum += limitlessMarket(universe, i, child, atMs).volume;
  return sum;
}

function listActive(universe: LimitlessUniverse, { query }: Asked, atMs: number, category?: number): Answer {
  const limit = clamped(query, 'limit', 10, PAGE_MAX);
  const page = clamped(query, 'page', 1, Number.MAX_SAFE_INTEGER);
  let rows = active(universe, atMs);
  if (category !== undefined) rows = rows.filter((i) => categoryOf(universe, i) === category);
  const tradeType = query.get('tradeType');
  if (tradeType) rows = rows.filter((i) => (universe.isAmm(i) ? 'amm' : 'clob') === tradeType);
  const sortBy = query.get('sortBy');
  if (sortBy === 'high_value' || sortBy === 'liquidity' || sortBy === 'lp_rewards') {
    const volumes = new Map(rows.map((i) => [i, volumeOf(universe, i, atMs)]));
    rows.sort((a, b) => (volumes.get(b) as number) - (volumes.get(a) as number) || b - a);
  }
  if (sortBy === 'ending_soon') rows.sort((a, b) => universe.closesMs(a) - universe.closesMs(b));
  const data = rows.slice((page - 1) * limit, page * limit).map((i) => limitlessRow(universe, i, atMs));
  return json({ data, totalMarketsCount: rows.length });
}

function slugs(universe: LimitlessUniverse, atMs: number): unknown[] {
  return active(universe, atMs).map((i) => {
    const { slug, closesMs } = limitlessMarket(universe, i, 0, atMs);
    return { slug, strikePrice: null, ticker: null, deadline: new Date(closesMs).toISOString() };
  });
}

/** Categories by number; a row has one. */
function categoryOf(universe: LimitlessUniverse, i: number): number {
  const name = topic(word(universe.seed, i));
  return 1 + ((name.charCodeAt(0) + name.length) % 50);
}

function categoryCounts(universe: LimitlessUniverse, atMs: number): unknown {
  const category: Record<string, number> = {};
  const rows = active(universe, atMs);
  for (const i of rows) {
    const id = String(categoryOf(universe, i));
    category[id] = (category[id] ?? 0) + 1;
  }
  return { category, totalCount: rows.length };
}

/** The only listing by change time; its cursor is the place behind the last row. */
function marketPages(universe: LimitlessUniverse, { query }: Asked, atMs: number): Answer {
  const limit = clamped(query, 'limit', 10, PAGE_MAX);
  const sort = query.get('sort') ?? '-createdAt';
  const key = sort.replace(/^[+-]/, '');
  const value = (i: number) => {
    const market = limitlessMarket(universe, i, 0, atMs);
    return key === 'updatedAt'
      ? market.updatedMs
      : key === 'deadline'
        ? market.closesMs
        : key === 'id'
          ? i
          : market.createdMs;
  };
  const rows = active(universe, atMs).map((i) => ({ i, value: value(i) }));
  const sign = sort.startsWith('-') ? -1 : 1;
  rows.sort((a, b) => (a.value - b.value || a.i - b.i) * sign);
  const from = Number(Buffer.from(query.get('cursor') ?? '', 'base64url').toString() || 0);
  const next = from + limit < rows.length ? Buffer.from(String(from + limit)).toString('base64url') : null;
  return json({
    data: rows.slice(from, from + limit).map(({ i }) => limitlessRow(universe, i, atMs)),
    cursor: { nextCursor: next },
  });
}

/** The recurring markets around one of them, also those that have closed: up to 500 on each side, oldest first. */
function timeline(universe: LimitlessUniverse, i: number, { query }: Asked, atMs: number): unknown[] {
  const wanted = (name: string) => clamped(query, name, 10, 500, 0);
  const along = (step: 1 | -1, count: number) => {
    const rows: number[] = [];
    for (let k = i + step; k >= 0 && k < universe.total(atMs) && rows.length < count; k += step) {
      if (universe.isRecurring(k)) rows.push(k);
    }
    return rows;
  };
  const rows = [...along(-1, wanted('before')).reverse(), i, ...along(1, wanted('after'))];
  return rows.map((k) => limitlessRow(universe, k, atMs));
}

function bookJson(universe: LimitlessUniverse, market: LimitlessMarket): unknown {
  const { bids, asks } = limitlessBook(universe, market);
  const levels = (list: typeof bids, side: string) =>
    list.map(({ price, size }) => ({ price: price / 1e6, size: size * 10_000, side }));
  const midpoint = market.mids[0] / 1e6;
  return {
    bids: levels(bids, 'BUY'),
    asks: levels(asks, 'SELL'),
    tokenId: universe.tokens(market.i, market.child).yes,
    adjustedMidpoint: midpoint,
    midpoint,
    maxSpread: '0.035',
    minSize: '100000000',
    lastTradePrice: market.last === null ? null : market.last / 1e6,
  };
}

const INTERVALS: Readonly<Record<string, readonly [spanMs: number, stepMs: number]>> = {
  '1h': [3_600_000, 60_000],
  '6h': [21_600_000, 300_000],
  '1d': [86_400_000, 900_000],
  '1w': [604_800_000, 3_600_000],
  '1m': [2_592_000_000, 14_400_000],
};

function history(universe: LimitlessUniverse, i: number, child: number, { query }: Asked, atMs: number): unknown {
  const [span, step] = INTERVALS[query.get('interval') ?? '1d'] ?? (INTERVALS['1d'] as readonly [number, number]);
  const stream = universe.stream(i, child);
  const prices: { timestamp: number; price: number }[] = [];
  const first = Math.ceil(Math.max(atMs - span, stream.createdMs) / step) * step;
  for (let at = first; at <= atMs; at += step) {
    prices.push({ timestamp: at, price: priceAfter(stream, countUntil(stream, at), 1_000) / 1e6 });
  }
  return { title: limitlessMarket(universe, i, child, atMs).title, prices };
}
