/** The data API: trades the old way (offsets that stop) and by keyset, price history of version 2, open interest. */
import { draw } from '../../hash.js';
import type { SimulatedClock } from '../clock.js';
import { type FeedPlace, mergedFeed, WholeFeed } from '../feed.js';
import { pricePoints } from '../history.js';
import { type Answer, type Asked, clamped, type Host, json, listed, type Route } from '../http/host.js';
import { DelayingLimiter, UNLIMITED } from '../http/limits.js';
import type { Settled } from '../options.js';
import { slugOf } from '../words.js';
import { eventTitle } from './event-json.js';
import { polymarketMarket } from './market.js';
import { type PolymarketTrade, polymarketTrade } from './trades.js';
import type { PolymarketUniverse } from './universe.js';

const DAY = 86_400_000;
const PAGE_MAX = 500;
const OFFSET_MAX = 3_000;
const CONDITIONS_MAX = 20;
const POINTS_MAX = 10_000;
const BUCKETS = [60, 300, 1_800, 10_800, 43_200];

export function dataApiHost(universe: PolymarketUniverse, clock: SimulatedClock, settled: Settled): Host {
  const api = new DataApi(universe, clock);
  return {
    name: 'dataApi',
    base: '/data-api',
    limiter:
      settled.limitScale === 0
        ? UNLIMITED
        : new DelayingLimiter(
            [{ requests: 1_000 }, { endpoints: ['/trades', '/v2/trades'], requests: 200 }],
            settled.limitScale,
          ),
    routes: api.routes(),
    notFound: () => json({ error: 'not found' }, 404),
  };
}

function bad(error: string): Answer {
  return json({ error }, 400);
}

/** A row of a list: the taker's, or with `taker_only=false` the maker's too. */
interface Row {
  readonly trade: PolymarketTrade;
  readonly taker: boolean;
}

interface About {
  readonly tokens: readonly string[];
  readonly condition: string;
  readonly title: string;
  readonly slug: string;
  readonly eventSlug: string;
  readonly outcomes: readonly string[];
}

class DataApi {
  readonly #whole: WholeFeed;
  readonly #abouts = new Map<number, About>();

  constructor(
    readonly universe: PolymarketUniverse,
    readonly clock: SimulatedClock,
  ) {
    this.#whole = new WholeFeed(
      (atMs) => universe.total(atMs),
      (i) => universe.stream(i),
    );
  }

  routes(): Route[] {
    const get = (path: string, answer: Route['answer']): Route => ({ method: 'GET', path, answer });
    return [
      get('/trades', (asked) => this.#tradesV1(asked)),
      get('/v2/trades', (asked) => this.#tradesV2(asked)),
      get('/v2/prices-history', (asked) => this.#history(asked)),
      get('/oi', ({ query }) => json(this.#openInterest(listed(query, 'market'), 'market', 'value'))),
      get('/v2/oi', ({ query }) =>
        json({ data: this.#openInterest(listed(query, 'condition'), 'condition_id', 'open_interest') }),
      ),
    ];
  }

  *#places(markets: readonly number[] | undefined, fromMs: number, place?: FeedPlace): Generator<FeedPlace> {
    const now = this.clock.now();
    if (markets) yield* mergedFeed(markets, (i) => this.universe.stream(i), fromMs, now, place);
    else yield* this.#whole.newestFirst(fromMs, now, place);
  }

  /** Newest first; an offset beyond the bound is refused, so a large market is never read to its end. */
  #tradesV1({ query }: Asked): Answer {
    const offset = clamped(query, 'offset', 0, Number.MAX_SAFE_INTEGER, 0);
    if (offset > OFFSET_MAX) return bad(`max historical activity offset of ${OFFSET_MAX} exceeded`);
    const limit = clamped(query, 'limit', 100, PAGE_MAX);
    const now = this.clock.now();
    const conditions = listed(query, 'market');
    const markets = conditions.flatMap((id) => this.universe.indexOfCondition(id, now) ?? []);
    const rows: unknown[] = [];
    let skipped = 0;
    for (const place of this.#places(conditions.length > 0 ? markets : undefined, 0)) {
      if (skipped++ < offset) continue;
      rows.push(this.#rowV1(polymarketTrade(this.universe, place.market, place.k)));
      if (rows.length === limit) break;
    }
    return json(rows);
  }

  /** What every row of a market repeats; it never changes. */
  #about(i: number): About {
    const kept = this.#abouts.get(i);
    if (kept) return kept;
    const market = polymarketMarket(this.universe, i, this.clock.now());
    const about = {
      tokens: this.universe.tokens(i),
      condition: this.universe.conditionId(i),
      title: market.question,
      slug: market.slug,
      eventSlug: `${slugOf(eventTitle(this.universe, market.event))}-${this.universe.eventId(market.event)}`,
      outcomes: market.outcomes,
    };
    if (this.#abouts.size > 5_000) this.#abouts.clear();
    this.#abouts.set(i, about);
    return about;
  }

  #rowV1(trade: PolymarketTrade): unknown {
    const about = this.#about(trade.market);
    return {
      proxyWallet: trade.wallet,
      side: trade.side,
      asset: about.tokens[trade.outcome],
      conditionId: about.condition,
      size: trade.size / 100,
      price: trade.price / 1e6,
      timestamp: Math.floor(trade.atMs / 1000),
      title: about.title,
      slug: about.slug,
      eventSlug: about.eventSlug,
      outcome: about.outcomes[trade.outcome],
      outcomeIndex: trade.outcome,
      transactionHash: trade.transactionHash,
    };
  }

  #tradesV2({ query }: Asked): Answer {
    if (query.has('offset')) return bad('offset is not supported, use cursor');
    const conditions = new Set(listed(query, 'condition'));
    const events = new Set(listed(query, 'event_id'));
    if (conditions.size > CONDITIONS_MAX || events.size > CONDITIONS_MAX) return bad('at most 20 distinct values');
    if ((query.has('start') || query.has('end')) && !query.has('user')) return bad('start and end need user');
    const cursor = readCursor(query.get('cursor'));
    if (cursor === null) return bad('invalid cursor');
    const limit = clamped(query, 'limit', 100, PAGE_MAX);
    const now = this.clock.now();
    const named = [...conditions].flatMap((id) => this.universe.indexOfCondition(id, now) ?? []);
    const ofEvents = [...events].flatMap((id) => {
      const event = this.universe.indexOfEvent(id, now);
      return event === undefined ? [] : this.universe.membersOf(event, now);
    });
    const chain = conditions.size + events.size > 0;
    // Chains of conditions cover three years; the bare feed this month and the last one.
    const fromMs = chain ? now - 3 * 365 * DAY : startOfLastMonth(now);
    const places = this.#places(chain ? [...new Set([...named, ...ofEvents])] : undefined, fromMs, cursor?.place);
    return this.#pageV2(query, places, cursor, limit);
  }

  #pageV2(query: URLSearchParams, places: Generator<FeedPlace>, cursor: Cursor | undefined, limit: number): Answer {
    const takerOnly = query.get('taker_only') !== 'false';
    const least = Number(query.get('filter_amount') ?? 0.01) * 1e6;
    const byTokens = query.get('filter_type') === 'TOKENS';
    // Pages may be short, or empty, in the middle of a chain: only a null cursor ends it.
    const luck = draw(this.universe.seed, JSON.stringify(cursor?.place ?? query.toString()), 0);
    const empty = luck < 0.04 && cursor !== undefined && !cursor.again;
    const wanted = luck > 0.9 ? Math.ceil(limit / 2) : limit;
    const rows: Row[] = [];
    let place = cursor?.place;
    let ended = false;
    while (!empty && rows.length < wanted) {
      const next = places.next();
      ended = next.done === true;
      if (next.done) break;
      place = next.value;
      const trade = polymarketTrade(this.universe, place.market, place.k);
      const amount = byTokens ? trade.size * 10_000 : (trade.size * trade.price) / 100;
      if (amount < least) continue;
      rows.push({ trade, taker: true });
      if (!takerOnly) rows.push({ trade, taker: false });
    }
    const more = !ended && place !== undefined;
    return json({
      data: rows.map((row) => this.#rowV2(row)),
      pagination: {
        limit,
        has_more: more,
        next_cursor: more && place ? writeCursor({ place, again: empty }) : null,
      },
    });
  }

  #rowV2({ trade, taker }: Row): unknown {
    const about = this.#about(trade.market);
    const luck = `${trade.transactionHash} ${trade.market}`;
    return {
      proxy_wallet: taker ? trade.wallet : trade.maker,
      side: taker === (trade.side === 'BUY') ? 'BUY' : 'SELL',
      token_id: about.tokens[trade.outcome],
      condition_id: about.condition,
      size: trade.size / 100,
      price: trade.price / 1e6,
      timestamp: Math.floor(trade.atMs / 1000),
      title: about.title,
      slug: about.slug,
      event_slug: draw(1, luck, 1) < 0.3 ? '' : about.eventSlug,
      outcome: about.outcomes[trade.outcome],
      outcome_index: draw(1, luck, 2) < 0.3 ? 999 : trade.outcome,
      transaction_hash: trade.transactionHash,
    };
  }

  #history({ query }: Asked): Answer {
    const now = this.clock.now();
    const found = this.universe.indexOfToken(query.get('token') ?? '', now);
    const nowS = Math.floor(now / 1000);
    const span = { '1h': 3_600, '6h': 21_600, '1d': 86_400, '1w': 604_800, '1m': 2_592_000 }[
      query.get('interval') ?? ''
    ];
    const start = span === undefined ? Number(query.get('start') ?? Number.NaN) : nowS - span;
    const end = span === undefined ? Number(query.get('end') ?? Number.NaN) : nowS;
    if (Number.isNaN(start) || Number.isNaN(end)) return bad('start and end, or interval, are required');
    if (span === undefined && end - start > 15 * 86_400) return bad('range of more than 15 days');
    const bucket = Number(query.get('bucket_seconds') ?? 60);
    if (!BUCKETS.includes(bucket)) return bad(`bucket_seconds must be one of ${BUCKETS.join(', ')}`);
    if ((end - start) / bucket > POINTS_MAX * 10) return bad('too many points');
    if (!found) return json({ data: [] });
    const { stream, tick } = polymarketMarket(this.universe, found.index, now);
    const points = pricePoints(stream, { fromMs: start * 1000, toMs: end * 1000, stepMs: bucket * 1000 }, now, tick);
    const data = points.slice(0, POINTS_MAX).map(({ atMs, price, stepMs }) => ({
      timestamp: atMs / 1000,
      price: (found.outcome === 0 ? price : 1_000_000 - price) / 1e6,
      resolution_seconds: stepMs / 1000,
    }));
    return json({ data });
  }

  #openInterest(conditions: readonly string[], name: string, value: string): unknown[] {
    const now = this.clock.now();
    return conditions.flatMap((id) => {
      const i = this.universe.indexOfCondition(id, now);
      if (i === undefined) return [];
      const micros = polymarketMarket(this.universe, i, now).volume?.micros ?? 0;
      return [{ [name]: id, [value]: Math.floor(micros / 7) / 1e6 }];
    });
  }
}

interface Cursor {
  readonly place: FeedPlace;
  /** The page before was left empty here. */
  readonly again: boolean;
}

function writeCursor({ place, again }: Cursor): string {
  const text = [place.atMs, place.market, place.k, again ? 1 : 0].join(':');
  return Buffer.from(text).toString('base64url');
}

function readCursor(cursor: string | null): Cursor | undefined | null {
  if (!cursor) return undefined;
  const parts = Buffer.from(cursor, 'base64url').toString().split(':').map(Number);
  if (parts.length !== 4 || parts.some((part) => !Number.isInteger(part))) return null;
  const [atMs, market, k, again] = parts as [number, number, number, number];
  return { place: { atMs, market, k }, again: again === 1 };
}

function startOfLastMonth(nowMs: number): number {
  const now = new Date(nowMs);
  return Date.UTC(now.getUTCFullYear(), now.getUTCMonth() - 1, 1);
}
