/** The CLOB's public reads: books, prices, midpoints, spreads, last trades and price history, one by one and in bulk. */
import { draw } from '../../hash.js';
import type { SimulatedClock } from '../clock.js';
import { fixed, plain } from '../decimals.js';
import { pricePoints } from '../history.js';
import { type Answer, type Asked, type Host, json, type Route } from '../http/host.js';
import { DelayingLimiter, UNLIMITED } from '../http/limits.js';
import type { Settled } from '../options.js';
import { bookHash, bookMs, hasBook, polymarketDepth } from './book.js';
import { type PolymarketMarket, polymarketMarket } from './market.js';
import { polymarketTrade } from './trades.js';
import type { PolymarketUniverse } from './universe.js';

const BATCH_MAX = 500;
const HISTORY_BATCH_MAX = 20;
/** An explicit window over about 15 days is refused. */
const WINDOW_MAX_S = 15 * 86_400;

export function clobHost(universe: PolymarketUniverse, clock: SimulatedClock, settled: Settled): Host {
  const clob = new Clob(universe, clock);
  const rule = (endpoint: string, requests: number) => ({ endpoints: [endpoint], requests });
  return {
    name: 'clob',
    base: '/clob',
    limiter:
      settled.limitScale === 0
        ? UNLIMITED
        : new DelayingLimiter(
            [
              { requests: 9_000 },
              rule('/book', 1_500),
              rule('/books', 500),
              rule('/price', 1_500),
              rule('/prices', 500),
              rule('/midpoint', 1_500),
              rule('/midpoints', 500),
              { endpoints: ['/prices-history', '/batch-prices-history'], requests: 1_000 },
              rule('/tick-size', 200),
            ],
            settled.limitScale,
          ),
    routes: clob.routes(),
    notFound: () => json({ error: 'Not Found' }, 404),
  };
}

/** One outcome token as it stands. */
interface Token {
  readonly token: string;
  readonly outcome: number;
  readonly market: PolymarketMarket;
}

interface Wanted {
  readonly token_id?: unknown;
  readonly side?: unknown;
}

class Clob {
  constructor(
    readonly universe: PolymarketUniverse,
    readonly clock: SimulatedClock,
  ) {}

  routes(): Route[] {
    const one = (path: string, show: (token: Token, asked: Asked) => unknown): Route => ({
      method: 'GET',
      path,
      answer: (asked) => {
        const found = this.#book(asked.query.get('token_id') ?? '');
        return found
          ? json(show(found, asked))
          : json({ error: 'No orderbook exists for the requested token id' }, 404);
      },
    });
    const many = (path: string, show: (tokens: readonly (Token & Wanted)[]) => unknown): Route => ({
      method: 'POST',
      path,
      answer: (asked) => this.#many(asked, show),
    });
    return [
      one('/book', (token) => this.#bookJson(token)),
      one('/price', (token, { query }) => ({ price: plain(this.#price(token, query.get('side') ?? 'BUY') ?? 0) })),
      one('/midpoint', (token) => ({ mid: plain(midOf(token)) })),
      one('/spread', (token) => ({ spread: plain(spreadOf(token)) })),
      one('/tick-size', ({ market }) => ({ minimum_tick_size: market.tick / 1e6 })),
      many('/books', (tokens) => tokens.map((token) => this.#bookJson(token))),
      many('/prices', (tokens) => this.#prices(tokens)),
      many('/midpoints', (tokens) => Object.fromEntries(tokens.map((token) => [token.token, plain(midOf(token))]))),
      many('/spreads', (tokens) => Object.fromEntries(tokens.map((token) => [token.token, plain(spreadOf(token))]))),
      many('/last-trades-prices', (tokens) => tokens.flatMap((token) => this.#lastTrade(token))),
      { method: 'GET', path: '/prices-history', answer: (asked) => this.#history(asked) },
      { method: 'POST', path: '/batch-prices-history', answer: (asked) => this.#batchHistory(asked) },
    ];
  }

  #book(token: string): Token | undefined {
    const now = this.clock.now();
    const found = this.universe.indexOfToken(token, now);
    if (!found) return undefined;
    const market = polymarketMarket(this.universe, found.index, now);
    return hasBook(this.universe, market) ? { token, outcome: found.outcome, market } : undefined;
  }

  /** Unknown tokens are left out, and the order is not the one asked for. */
  #many(asked: Asked, show: (tokens: readonly (Token & Wanted)[]) => unknown): Answer {
    const items = parsed(asked.body);
    if (!Array.isArray(items)) return json({ error: 'Invalid payload' }, 400);
    if (items.length > BATCH_MAX) return json({ error: 'Payload exceeds the limit' }, 400);
    const tokens = (items as Wanted[]).flatMap((wanted) => {
      const found = this.#book(String(wanted?.token_id ?? ''));
      return found ? [{ ...wanted, ...found }] : [];
    });
    const place = ({ token }: Token) => draw(this.universe.seed, token, 5);
    return json(show(tokens.sort((a, b) => place(a) - place(b))));
  }

  #bookJson({ token, outcome, market }: Token): unknown {
    const { bids, asks } = polymarketDepth(this.universe, market, outcome);
    // Worst first: the best level is the last.
    const levels = (list: typeof bids) =>
      list.map(({ price, size }) => ({ price: plain(price), size: plain(size * 10_000) })).reverse();
    const last = market.last === null ? null : outcome === 0 ? market.last : 1_000_000 - market.last;
    return {
      market: this.universe.conditionId(market.index),
      asset_id: token,
      timestamp: String(bookMs(market)),
      hash: bookHash(this.universe, market, outcome),
      bids: levels(bids),
      asks: levels(asks),
      min_order_size: '5',
      tick_size: plain(market.tick),
      neg_risk: market.negRisk,
      last_trade_price: last === null ? '' : fixed(last, 3),
    };
  }

  /** BUY: what buyers offer. SELL: what sellers ask. */
  #price({ outcome, market }: Token, side: string): number | undefined {
    const { bids, asks } = polymarketDepth(this.universe, market, outcome);
    return (side.toUpperCase() === 'SELL' ? asks : bids)[0]?.price;
  }

  #prices(tokens: readonly (Token & Wanted)[]): unknown {
    const prices: Record<string, Record<string, string>> = {};
    for (const token of tokens) {
      const side = String(token.side ?? 'BUY').toUpperCase();
      const price = this.#price(token, side);
      if (price === undefined) continue;
      const sides = prices[token.token] ?? {};
      sides[side] = plain(price);
      prices[token.token] = sides;
    }
    return prices;
  }

  #lastTrade({ token, outcome, market }: Token): unknown[] {
    if (market.trades === 0) return [];
    const trade = polymarketTrade(this.universe, market.index, market.trades - 1);
    const price = trade.outcome === outcome ? trade.price : 1_000_000 - trade.price;
    const side = trade.outcome === outcome ? trade.side : trade.side === 'BUY' ? 'SELL' : 'BUY';
    return [{ price: plain(price), side, token_id: token }];
  }

  #history({ query }: Asked): Answer {
    const token = query.get('market');
    if (!token) return json({ error: "the 'market' parameter is required" }, 400);
    const number = (name: string) => (query.has(name) ? Number(query.get(name)) : undefined);
    const history = this.#points(token, number('startTs'), number('endTs'), query.get('interval'), number('fidelity'));
    return typeof history === 'string' ? json({ error: history }, 400) : json({ history: history ?? [] });
  }

  #batchHistory({ body }: Asked): Answer {
    const asked = parsed(body) as Record<string, unknown> | undefined;
    const markets = asked?.markets;
    if (!asked || !Array.isArray(markets)) return json({ error: 'Invalid payload' }, 400);
    if (markets.length > HISTORY_BATCH_MAX) return json({ error: 'at most 20 markets' }, 400);
    const history: Record<string, unknown> = {};
    const number = (name: string) => (asked[name] === undefined ? undefined : Number(asked[name]));
    for (const token of markets.map(String)) {
      const interval = asked.interval === undefined ? null : String(asked.interval);
      const points = this.#points(token, number('start_ts'), number('end_ts'), interval, number('fidelity'));
      if (typeof points === 'string') return json({ error: points }, 400);
      if (points) history[token] = points;
    }
    return json({ history });
  }

  /** Points, undefined for an unknown token, or what is wrong. Seconds in, seconds out; a point lies somewhere in its step. */
  #points(
    token: string,
    startTs: number | undefined,
    endTs: number | undefined,
    interval: string | null,
    fidelity = 1,
  ): { t: number; p: number }[] | string | undefined {
    const nowMs = this.clock.now();
    const found = this.universe.indexOfToken(token, nowMs);
    const nowS = Math.floor(nowMs / 1000);
    let [fromS, toS] = [startTs ?? 0, endTs ?? nowS];
    if (interval) {
      const span = INTERVALS[interval];
      if (span === undefined) return `invalid interval: ${interval}`;
      [fromS, toS] = [nowS - span, nowS];
    } else if (startTs === undefined) {
      return "either 'startTs' and 'endTs' or 'interval' is required";
    } else if (toS - fromS > WINDOW_MAX_S) {
      return "invalid filters: 'startTs' and 'endTs' interval is too long";
    }
    if (!found) return undefined;
    const { tick, stream } = polymarketMarket(this.universe, found.index, nowMs);
    const stepMs = Math.max(1, fidelity) * 60_000;
    return pricePoints(stream, { fromMs: fromS * 1000, toMs: toS * 1000, stepMs }, nowMs, tick).map(
      ({ atMs, price }) => ({
        t: atMs / 1000 + Math.floor(draw(this.universe.seed, token, atMs / 60_000) * 40),
        p: (found.outcome === 0 ? price : 1_000_000 - price) / 1e6,
      }),
    );
  }
}

const INTERVALS: Readonly<Record<string, number>> = {
  '1h': 3_600,
  '6h': 21_600,
  '1d': 86_400,
  '1w': 604_800,
  '1m': 2_592_000,
  max: 10 * 365 * 86_400,
};

function midOf({ market, outcome }: Token): number {
  return market.mids?.[outcome] ?? 0;
}

function spreadOf({ market }: Token): number {
  return (market.ask ?? 1_000_000) - (market.bid ?? 0);
}

function parsed(body: string): unknown {
  try {
    return JSON.parse(body);
  } catch {
    // Not JSON: the caller answers 400.
    return undefined;
  }
}
