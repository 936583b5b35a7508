/** Opinion's host: everything in an envelope, and every error of its own under HTTP 200. */
import { word } from '../../hash.js';
import type { SimulatedClock } from '../clock.js';
import { plain } from '../decimals.js';
import { type Depth, depthOf } from '../depth.js';
import { type Answer, type Asked, clamped, type Host, json, type Route } from '../http/host.js';
import { BucketLimiter, UNLIMITED } from '../http/limits.js';
import type { Settled } from '../options.js';
import { countUntil, priceAfter, tradeAt } from '../stream.js';
import { marketJson, type OpinionMarket, opinionMarket, TICK, topJson } from './market.js';
import type { OpinionUniverse } from './universe.js';

const PAGE_MAX = 20;
const RPS = 15;
export const BAD_PARAMETER = 10_000;
const KEY_MISSING = 11_001;
const KEY_WRONG = 11_002;

function result(value: unknown): Answer {
  return json({ errmsg: '', errno: 0, result: value });
}

/** HTTP 200 all the same. */
function failed(errno: number, errmsg: string): Answer {
  return json({ errmsg, errno, result: null });
}

export function opinionHost(universe: OpinionUniverse, clock: SimulatedClock, settled: Settled): Host {
  const get = (path: string, answer: (asked: Asked, params: readonly string[], atMs: number) => Answer): Route => ({
    method: 'GET',
    path,
    answer: (asked, params) => answer(asked, params, universe.anomalies.shown(clock.now())),
  });
  const rps = RPS * settled.limitScale;
  const parent = (id: string, atMs: number) => {
    const t = universe.parentOf(Number(id), atMs);
    return t === undefined ? failed(BAD_PARAMETER, 'market not found') : result({ data: topJson(universe, t, atMs) });
  };
  return {
    name: 'opinion',
    base: '/opinion/openapi',
    limiter:
      rps === 0
        ? UNLIMITED
        : new BucketLimiter(
            () => rps,
            Math.max(1, rps),
            () => json({ errmsg: 'too many requests', errno: 10_429, result: null }, 429),
          ),
    routes: [
      get('/market', (asked, _, atMs) => listMarkets(universe, asked, atMs)),
      get('/market/categorical/:id', (_asked, [id], atMs) => parent(id as string, atMs)),
      get('/market/slug/:slug', (_asked, [slug], atMs) => {
        for (let t = 0; t < universe.total(atMs); t++) {
          const top = topJson(universe, t, atMs);
          if (top.slug === slug) return result({ data: top });
        }
        return failed(BAD_PARAMETER, 'market not found');
      }),
      get('/market/:id', (_asked, [id], atMs) => {
        const place = universe.placeOf(Number(id), atMs);
        if (!place) return failed(BAD_PARAMETER, 'market not found');
        return result({ data: marketJson(universe, place.t, place.child, atMs) });
      }),
      get('/token/latest-price', (asked, _, atMs) => ofToken(universe, asked, atMs, latestPrice)),
      get('/token/orderbook', (asked, _, atMs) => ofToken(universe, asked, atMs, orderbook)),
      get('/token/price-history', (asked, _, atMs) =>
        ofToken(universe, asked, atMs, (u, market, outcome) => history(u, market, outcome, asked)),
      ),
    ],
    refuse: ({ headers }) => {
      const key = headers.apikey;
      if (typeof key !== 'string' || key === '') return failed(KEY_MISSING, 'api key is required');
      return settled.keys.opinion !== undefined && key !== settled.keys.opinion
        ? failed(KEY_WRONG, 'invalid api key')
        : undefined;
    },
    notFound: () => json({ errmsg: 'not found', errno: 404, result: null }, 404),
  };
}

const SORTS: Readonly<Record<string, (top: Record<string, unknown>) => number>> = {
  1: (top) => -(top.createdAt as number),
  2: (top) => top.cutoffAt as number,
  3: (top) => -Number(top.volume),
  4: (top) => Number(top.volume),
  5: (top) => -Number(top.volume24h),
  6: (top) => Number(top.volume24h),
  7: (top) => -Number(top.volume7d),
  8: (top) => Number(top.volume7d),
};

/** Top rows that are live, newest first; `marketType` is 0 (binary only) unless it is sent. */
function listMarkets(universe: OpinionUniverse, { query }: Asked, atMs: number): Answer {
  const limit = clamped(query, 'limit', 10, PAGE_MAX);
  const page = clamped(query, 'page', 1, Number.MAX_SAFE_INTEGER);
  const type = query.get('marketType') ?? '0';
  if (!['0', '1', '2'].includes(type)) return failed(BAD_PARAMETER, 'marketType is invalid');
  const resolved = query.get('status') === 'resolved';
  const rows: number[] = [];
  for (let t = universe.total(atMs) - 1; t >= 0; t--) {
    const categorical = universe.childCount(t) > 0;
    if (type !== '2' && (type === '1') !== categorical) continue;
    if (universe.closesMs(t) <= atMs === resolved) rows.push(t);
  }
  const sort = SORTS[query.get('sortBy') ?? ''];
  const tops = sort ? rows.map((t) => topJson(universe, t, atMs)) : undefined;
  tops?.sort(
    (a, b) =>
      (sort as (top: Record<string, unknown>) => number)(a) - (sort as (top: Record<string, unknown>) => number)(b),
  );
  const [from, to] = [(page - 1) * limit, page * limit];
  const list = tops ? tops.slice(from, to) : rows.slice(from, to).map((t) => topJson(universe, t, atMs));
  return result({ list, total: rows.length });
}

type Shown = (universe: OpinionUniverse, market: OpinionMarket, outcome: number) => unknown;

function ofToken(universe: OpinionUniverse, { query }: Asked, atMs: number, show: Shown): Answer {
  const token = query.get('token_id');
  if (!token) return failed(BAD_PARAMETER, 'token_id is required');
  const place = universe.placeOfToken(token, atMs);
  if (!place) return failed(BAD_PARAMETER, 'token not found');
  return result(show(universe, opinionMarket(universe, place.t, place.child, atMs), place.outcome));
}

const of = (outcome: number, price: number) => (outcome === 0 ? price : 1_000_000 - price);

const latestPrice: Shown = (universe, market, outcome) => {
  const { trades, t, child } = market;
  if (trades === 0) return { price: '0', side: '', size: '0', timestamp: 0 };
  const stream = universe.stream(t, child);
  const trade = tradeAt(stream, trades - 1);
  return {
    price: plain(of(outcome, priceAfter(stream, trades, TICK))),
    side: trade.buys === (outcome === 0) ? 'buy-limit' : 'sell-limit',
    size: plain(trade.size * 10_000),
    timestamp: trade.atMs,
  };
};

/** The book of one token; no is the mirror of yes. */
export function opinionDepth(universe: OpinionUniverse, market: OpinionMarket, outcome: number): Depth {
  if (market.status !== 2) return { bids: [], asks: [] };
  const { price } = market;
  const [low, high] = [price - 2 * TICK, price + 2 * TICK];
  const crossed = universe.anomalies.has('crossed', market.id, market.atMs);
  const [bid, ask] = crossed ? [high, low] : [low, high];
  const inside = (value: number) => (value > 0 && value < 1_000_000 ? value : null);
  const yes = depthOf(word(universe.seed ^ 30, market.id ^ market.trades), inside(bid), inside(ask), TICK);
  if (outcome === 0) return yes;
  const mirrored = (levels: Depth['bids']) => levels.map(({ price: p, size }) => ({ price: 1_000_000 - p, size }));
  return { bids: mirrored(yes.asks), asks: mirrored(yes.bids) };
}

const orderbook: Shown = (universe, market, outcome) => {
  const depth = opinionDepth(universe, market, outcome);
  const levels = (list: Depth['bids']) =>
    list.map(({ price, size }) => ({ price: plain(price), size: plain(size * 10_000) }));
  return {
    asks: levels(depth.asks),
    bids: levels(depth.bids),
    market: universe.questionId(market.t, market.child),
    timestamp: market.atMs,
    tokenId: universe.token(market.t, market.child, outcome),
  };
};

/** Only 1h and 1d are honoured; everything else is 1d, in silence. */
function history(universe: OpinionUniverse, market: OpinionMarket, outcome: number, { query }: Asked): unknown {
  const step = query.get('interval') === '1h' ? 3_600 : 86_400;
  const now = Math.floor(market.atMs / 1000);
  const from = Number(query.get('start_at') ?? Math.floor(market.createdMs / 1000));
  const to = Math.min(now, Number(query.get('end_at') ?? now));
  const stream = universe.stream(market.t, market.child);
  const points: { p: string; t: number }[] = [];
  for (let t = Math.ceil(Math.max(from, stream.createdMs / 1000) / step) * step; t <= to; t += step) {
    points.push({ p: plain(of(outcome, priceAfter(stream, countUntil(stream, t * 1000), TICK))), t });
  }
  return { history: points };
}
