/** Gamma, Polymarket's catalogue: /markets and /events, by keyset and the old way. */

import { draw } from '../../hash.js';
import type { SimulatedClock } from '../clock.js';
import { type Answer, type Asked, clamped, type Host, json, type Route } from '../http/host.js';
import { DelayingLimiter, UNLIMITED } from '../http/limits.js';
import type { Settled } from '../options.js';
import { readCursor, writeCursor } from './cursor.js';
import { gammaEvent } from './event-json.js';
import { type Accepts, eventFilter, marketFilter, type Order, orderOf, SortedLists } from './gamma-filter.js';
import { gammaMarket } from './gamma-json.js';
import { polymarketMarket } from './market.js';
import type { PolymarketUniverse } from './universe.js';

type Json = Record<string, unknown>;

const MARKETS_MAX = 100;
const EVENTS_MAX = 500;
/** Where the old listings stop, since June 2026. */
const OFFSET_MAX = 2_000;
const SCHEMAS = 'https://gamma-api.polymarket.com/schemas/';
const DEPRECATED = { deprecation: 'true', sunset: 'Fri, 01 May 2026 00:00:00 GMT' };

export function gammaHost(universe: PolymarketUniverse, clock: SimulatedClock, settled: Settled): Host {
  const gamma = new Gamma(universe, clock, settled.gammaCacheMs);
  const markets = ['/markets', '/markets/keyset', '/markets/:id', '/markets/slug/:slug'];
  const events = ['/events', '/events/keyset', '/events/:id', '/events/slug/:slug'];
  return {
    name: 'gamma',
    base: '/gamma',
    limiter:
      settled.limitScale === 0
        ? UNLIMITED
        : new DelayingLimiter(
            [
              { requests: 4_000 },
              { endpoints: events, requests: 500 },
              { endpoints: markets, requests: 300 },
              { endpoints: [...markets, ...events], requests: 900 },
            ],
            settled.limitScale,
          ),
    routes: gamma.routes(),
    notFound: () => json({ type: 'not found error', error: 'not found' }, 404),
  };
}

class Gamma {
  readonly #sorted: SortedLists;

  constructor(
    readonly universe: PolymarketUniverse,
    readonly clock: SimulatedClock,
    readonly cacheMs: number,
  ) {
    this.#sorted = new SortedLists(universe);
  }

  routes(): Route[] {
    const get = (path: string, answer: Route['answer']): Route => ({ method: 'GET', path, answer });
    return [
      get('/markets/keyset', (asked) => this.#cached(asked, (atMs) => this.#marketsKeyset(asked, atMs))),
      get('/events/keyset', (asked) => this.#cached(asked, (atMs) => this.#eventsKeyset(asked, atMs))),
      get('/markets', (asked) => this.#cached(asked, (atMs) => this.#marketsByOffset(asked, atMs))),
      get('/events', (asked) => this.#cached(asked, (atMs) => this.#eventsByOffset(asked, atMs))),
      get('/markets/:id', (asked, [id]) => this.#cached(asked, (atMs) => this.#market(id as string, atMs))),
      get('/markets/slug/:slug', (asked, [slug]) =>
        this.#cached(asked, (atMs) => this.#market(/-(\d+)$/.exec(slug as string)?.[1] ?? '', atMs)),
      ),
      get('/events/:id', (asked, [id]) => this.#cached(asked, (atMs) => this.#event(id as string, atMs))),
      get('/events/slug/:slug', (asked, [slug]) =>
        this.#cached(asked, (atMs) => this.#event(/-(\d+)$/.exec(slug as string)?.[1] ?? '', atMs)),
      ),
    ];
  }

  /** What the cache holds was made up to `cacheMs` ago, at a moment that depends on the address. */
  #cached(asked: Asked, answer: (atMs: number) => Answer): Answer {
    const now = this.universe.anomalies.shown(this.clock.now());
    const { startMs } = this.universe;
    let madeMs = now;
    if (this.cacheMs > 0) {
      const phase = Math.floor(draw(this.universe.seed, `${asked.path}${asked.search}`, 0) * this.cacheMs);
      madeMs = Math.max(startMs, Math.floor((now - startMs + phase) / this.cacheMs) * this.cacheMs - phase + startMs);
    }
    const made = answer(madeMs);
    if (made.status !== 200 || this.cacheMs === 0) return made;
    const age = Math.floor((now - madeMs) / 1000);
    const cache = {
      'cache-control': `public, max-age=${Math.floor(this.cacheMs / 1000)}`,
      'cf-cache-status': age > 0 ? 'HIT' : 'MISS',
      age: String(age),
    };
    return { ...made, headers: { ...made.headers, ...cache } };
  }

  #marketsKeyset({ query }: Asked, atMs: number): Answer {
    const page = this.#keyset(query, atMs);
    if ('status' in page) return page;
    const markets = page.rows.map((i) => gammaMarket(this.universe, polymarketMarket(this.universe, i, atMs)));
    // The end: no `next_cursor` at all.
    const next = page.next === undefined ? {} : { next_cursor: page.next };
    return json({ $schema: `${SCHEMAS}MarketsKeysetListResponse.json`, markets, ...next });
  }

  #keyset(query: URLSearchParams, atMs: number): { rows: number[]; next: string | undefined } | Answer {
    if (query.has('offset')) return invalid('offset is not allowed on keyset endpoints');
    const accepts = marketFilter(this.universe, query, atMs);
    if (typeof accepts === 'string') return invalid(accepts);
    const limit = clamped(query, 'limit', 20, MARKETS_MAX);
    const order = orderOf(query);
    const name = `${order.key ?? 'id'} ${order.ascending}`;
    const cursor = query.get('after_cursor');
    const after = cursor ? readCursor(cursor, 'markets', name) : [];
    if (!after) return invalid('after_cursor does not belong to this list and order');
    if (order.key === undefined) {
      const rows = this.#byId(accepts, limit, atMs, order.ascending, after[0] as string | undefined);
      const last = rows.length === limit ? rows.at(-1) : undefined;
      const keys = last === undefined ? [] : [this.universe.id(last)];
      return { rows, next: last === undefined ? undefined : writeCursor({ kind: 'markets', order: name, keys }) };
    }
    return this.#byKey(query, accepts, limit, atMs, { ...order, key: order.key }, after);
  }

  #byId(accepts: Accepts, limit: number, atMs: number, ascending: boolean, after: string | undefined): number[] {
    const total = this.universe.total(atMs);
    const rows: number[] = [];
    if (ascending) {
      const from = after === undefined ? 0 : this.universe.indexAfterId(after);
      for (let i = from; i < total && rows.length < limit; i++) if (accepts(i)) rows.push(i);
    } else {
      const from = after === undefined ? total : (this.universe.indexOfId(after, Number.POSITIVE_INFINITY) ?? 0);
      for (let i = from - 1; i >= 0 && rows.length < limit; i--) if (accepts(i)) rows.push(i);
    }
    return rows;
  }

  #byKey(
    query: URLSearchParams,
    accepts: Accepts,
    limit: number,
    atMs: number,
    order: Order & { readonly key: string },
    after: readonly (string | number)[],
  ): { rows: number[]; next: string | undefined } {
    const sorted = this.#sorted.get(accepts, filterName(query), order.key, atMs);
    const direction = order.ascending ? 1 : -1;
    const list = order.ascending ? sorted : sorted.toReversed();
    const [key, id] = after;
    const behind = (row: { key: number | string; i: number }) => {
      if (key === undefined) return true;
      if (row.key !== key) return (row.key > key ? 1 : -1) * direction > 0;
      return (Number(this.universe.id(row.i)) - Number(id)) * direction > 0;
    };
    // The row of the cursor may have moved since: the page goes on behind where it was.
    const from = list.findIndex(behind);
    const page = from < 0 ? [] : list.slice(from, from + limit);
    const last = page.length === limit ? page.at(-1) : undefined;
    return {
      rows: page.map(({ i }) => i),
      next:
        last &&
        writeCursor({
          kind: 'markets',
          order: `${order.key} ${order.ascending}`,
          keys: [last.key, this.universe.id(last.i)],
        }),
    };
  }

  #eventsKeyset({ query }: Asked, atMs: number): Answer {
    if (query.has('offset')) return invalid('offset is not allowed on keyset endpoints');
    const limit = clamped(query, 'limit', 20, EVENTS_MAX);
    const ascending = query.get('ascending') !== 'false';
    const cursor = query.get('after_cursor');
    const after = cursor ? readCursor(cursor, 'events', `id ${ascending}`) : [];
    if (!after) return invalid('after_cursor does not belong to this list and order');
    const from = after[0] === undefined ? undefined : Number(after[0]) - 20_000;
    const rows = this.#eventRows(query, atMs, ascending, from, limit);
    const last = rows.length === limit ? (rows.at(-1) as number) : undefined;
    const next =
      last === undefined
        ? null
        : writeCursor({ kind: 'events', order: `id ${ascending}`, keys: [this.universe.eventId(last)] });
    const events = rows.map((event) => this.#eventJson(event, atMs));
    return json({ $schema: `${SCHEMAS}EventsKeysetListResponse.json`, events, next_cursor: next });
  }

  #eventRows(
    query: URLSearchParams,
    atMs: number,
    ascending: boolean,
    after: number | undefined,
    limit: number,
  ): number[] {
    const accepts = eventFilter(this.universe, query, atMs);
    const total = this.universe.total(atMs);
    const rows: number[] = [];
    const step = ascending ? 1 : -1;
    const from = after === undefined ? (ascending ? 0 : total - 1) : after + step;
    for (let i = from; i >= 0 && i < total && rows.length < limit; i += step) {
      if (this.universe.eventOf(i) === i && accepts(i)) rows.push(i);
    }
    return rows;
  }

  #eventJson(event: number, atMs: number): Json {
    const markets = this.universe
      .membersOf(event, atMs)
      .map((i) => gammaMarket(this.universe, polymarketMarket(this.universe, i, atMs), false));
    return gammaEvent(this.universe, event, atMs, markets);
  }

  #marketsByOffset({ query }: Asked, atMs: number): Answer {
    const offset = clamped(query, 'offset', 0, Number.MAX_SAFE_INTEGER, 0);
    if (offset > OFFSET_MAX) return tooDeep('/markets/keyset');
    const accepts = marketFilter(this.universe, query, atMs);
    if (typeof accepts === 'string') return invalid(accepts);
    const limit = clamped(query, 'limit', 20, MARKETS_MAX);
    const { key, ascending } = orderOf(query);
    let rows: number[];
    if (key === undefined) {
      rows = this.#byId(accepts, offset + limit, atMs, ascending, undefined);
    } else {
      const sorted = this.#sorted.get(accepts, filterName(query), key, atMs).map(({ i }) => i);
      rows = ascending ? sorted : sorted.toReversed();
    }
    const page = rows.slice(offset, offset + limit);
    return json(
      page.map((i) => gammaMarket(this.universe, polymarketMarket(this.universe, i, atMs))),
      200,
      DEPRECATED,
    );
  }

  #eventsByOffset({ query }: Asked, atMs: number): Answer {
    const offset = clamped(query, 'offset', 0, Number.MAX_SAFE_INTEGER, 0);
    if (offset > OFFSET_MAX) return tooDeep('/events/keyset');
    const limit = clamped(query, 'limit', 20, EVENTS_MAX);
    const rows = this.#eventRows(query, atMs, query.get('ascending') !== 'false', undefined, offset + limit);
    return json(
      rows.slice(offset).map((event) => this.#eventJson(event, atMs)),
      200,
      DEPRECATED,
    );
  }

  #market(id: string, atMs: number): Answer {
    const i = this.universe.indexOfId(id, atMs);
    if (i === undefined) return json({ type: 'not found error', error: 'id not found' }, 404);
    return json(gammaMarket(this.universe, polymarketMarket(this.universe, i, atMs)));
  }

  #event(id: string, atMs: number): Answer {
    const event = this.universe.indexOfEvent(id, atMs);
    if (event === undefined) return json({ type: 'not found error', error: 'id not found' }, 404);
    return json(this.#eventJson(event, atMs));
  }
}

/** The query without what only names the page: lists of one filter are sorted once. */
function filterName(query: URLSearchParams): string {
  const rest = new URLSearchParams(query);
  for (const name of ['after_cursor', 'limit', 'offset', 'ascending', 'order']) rest.delete(name);
  return rest.toString();
}

function invalid(error: string): Answer {
  return json({ type: 'validation error', error }, 422);
}

function tooDeep(instead: string): Answer {
  return invalid(`offset too large, use ${instead} for deeper pagination`);
}
