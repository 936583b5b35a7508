/** The Odds API: sports, events and odds, a price in credits for each call, and bookmakers that move one at a time. */
import { hashText, unit, word } from '../../hash.js';
import { isoMicros, type SimulatedClock } from '../clock.js';
import { type Answer, type Asked, type Host, json, listed, type Route } from '../http/host.js';
import { BucketLimiter, UNLIMITED } from '../http/limits.js';
import { hexId } from '../ids.js';
import type { Settled } from '../options.js';
import { team } from '../words.js';

const RPS = 30;
const EVENTS = 6;
/** The source refreshes a bookmaker about once a minute. */
const REFRESH_MS = 60_000;

const SPORTS = [
  ['americanfootball_nfl', 'American Football', 'NFL', 'US Football', false],
  ['basketball_nba', 'Basketball', 'NBA', 'US Basketball', false],
  ['icehockey_nhl', 'Ice Hockey', 'NHL', 'US Ice Hockey', false],
  ['soccer_epl', 'Soccer', 'EPL', 'English Premier League', false],
  ['soccer_germany_bundesliga', 'Soccer', 'Bundesliga - Germany', 'German Soccer', false],
  ['golf_masters_tournament_winner', 'Golf', 'Masters Tournament Winner', '2027 Winner', true],
  ['cricket_ipl', 'Cricket', 'IPL', 'Indian Premier League', false],
] as const;

const BOOKMAKERS = [
  ['draftkings', 'DraftKings', 'us'],
  ['fanduel', 'FanDuel', 'us'],
  ['betmgm', 'BetMGM', 'us'],
  ['bovada', 'Bovada', 'us'],
  ['williamhill', 'William Hill', 'uk'],
  ['betfair_ex_uk', 'Betfair', 'uk'],
  ['unibet_eu', 'Unibet', 'eu'],
  ['pinnacle', 'Pinnacle', 'eu'],
  ['sportsbet', 'SportsBet', 'au'],
] as const;

const REGIONS = ['us', 'us2', 'uk', 'eu', 'au'];
const MARKETS = ['h2h', 'spreads', 'totals', 'outrights'] as const;
type Market = (typeof MARKETS)[number];

interface OddsEvent {
  readonly sport: (typeof SPORTS)[number];
  readonly id: string;
  readonly key: number;
  readonly commenceMs: number;
  readonly home: string;
  readonly away: string;
}

function failed(status: number, code: string, message: string): Answer {
  const details_url = `https://the-odds-api.com/liveapi/guides/v4/api-error-codes.html#${code.toLowerCase()}`;
  return json({ message, error_code: code, details_url }, status);
}

export function oddsHost(seed: number, clock: SimulatedClock, settled: Settled): Host {
  const odds = new Odds(seed, clock, settled);
  const rps = RPS * settled.limitScale;
  const refusal = () => failed(429, 'EXCEEDED_FREQ_LIMIT', 'Requests are being sent too frequently.');
  return {
    name: 'odds',
    base: '/odds/v4',
    limiter: rps === 0 ? UNLIMITED : new BucketLimiter(() => rps, Math.max(1, rps), refusal),
    refuse: ({ query }) => {
      const key = query.get('apiKey');
      if (!key) return failed(401, 'MISSING_KEY', 'API key is missing');
      return settled.keys.odds !== undefined && key !== settled.keys.odds
        ? failed(401, 'INVALID_KEY', 'API key is not valid')
        : undefined;
    },
    routes: odds.routes(),
    notFound: () => failed(404, 'NOT_FOUND', 'Not found'),
  };
}

class Odds {
  #used = 0;

  constructor(
    readonly seed: number,
    readonly clock: SimulatedClock,
    readonly settled: Settled,
  ) {}

  routes(): Route[] {
    const get = (path: string, answer: Route['answer']): Route => ({ method: 'GET', path, answer });
    return [
      get('/sports', (asked) => this.#sports(asked)),
      get('/sports/:sport/events', (asked, [sport]) => this.#events(asked, sport as string)),
      get('/sports/:sport/odds', (asked, [sport]) => this.#odds(asked, sport as string, undefined)),
      get('/sports/:sport/events/:id/odds', (asked, [sport, id]) => this.#odds(asked, sport as string, id)),
    ];
  }

  #charged(value: unknown, cost: number): Answer {
    this.#used += cost;
    return json(value, 200, {
      'x-requests-remaining': String(this.settled.oddsCredits - this.#used),
      'x-requests-used': String(this.#used),
      'x-requests-last': String(cost),
    });
  }

  #sports({ query }: Asked): Answer {
    const all = query.get('all') === 'true';
    const rows = SPORTS.map(([key, group, title, description, has_outrights], n) => {
      return { key, group, title, description, active: n !== SPORTS.length - 1, has_outrights };
    });
    return this.#charged(
      rows.filter(({ active }) => all || active),
      0,
    );
  }

  #eventsOf(name: string): OddsEvent[] | undefined {
    const sport = SPORTS.find(([key]) => key === name);
    if (!sport) return undefined;
    if (sport === SPORTS.at(-1)) return [];
    return Array.from({ length: sport[4] ? 1 : EVENTS }, (_, n) => {
      const key = hashText(this.seed + n, name);
      return {
        sport,
        id: hexId(this.seed, 1, (hashText(0, name) & 0xffff00) + n, 32),
        key,
        commenceMs: Math.floor((this.settled.startMs + (n - 1) * 5_400_000) / 60_000) * 60_000,
        home: team(key, 1),
        away: team(key, 2),
      };
    });
  }

  /** A match leaves the list four hours after it began. */
  #listed(name: string, query: URLSearchParams): OddsEvent[] | undefined {
    const from = Date.parse(query.get('commenceTimeFrom') ?? '');
    const to = Date.parse(query.get('commenceTimeTo') ?? '');
    const ids = listed(query, 'eventIds');
    return this.#eventsOf(name)?.filter(
      ({ id, commenceMs }) =>
        commenceMs > this.clock.now() - 4 * 3_600_000 &&
        (Number.isNaN(from) || commenceMs >= from) &&
        (Number.isNaN(to) || commenceMs <= to) &&
        (ids.length === 0 || ids.includes(id)),
    );
  }

  #events({ query }: Asked, name: string): Answer {
    const events = this.#listed(name, query);
    if (!events) return failed(404, 'UNKNOWN_SPORT', `Unknown sport: ${name}`);
    return this.#charged(
      events.map((event) => this.#head(event, query)),
      0,
    );
  }

  #head(event: OddsEvent, query: URLSearchParams): Record<string, unknown> {
    const outright = event.sport[4];
    return {
      id: event.id,
      sport_key: event.sport[0],
      sport_title: event.sport[2],
      commence_time: timeIn(event.commenceMs, query),
      home_team: outright ? null : event.home,
      away_team: outright ? null : event.away,
    };
  }

  #odds({ query }: Asked, name: string, id: string | undefined): Answer {
    const events = this.#listed(name, query)?.filter((event) => id === undefined || event.id === id);
    if (!events) return failed(404, 'UNKNOWN_SPORT', `Unknown sport: ${name}`);
    if (id !== undefined && events.length === 0) return failed(404, 'EVENT_NOT_FOUND', `Event not found: ${id}`);
    const named = listed(query, 'bookmakers');
    const regions = listed(query, 'regions');
    if (named.length + regions.length === 0) return failed(422, 'MISSING_REGION', 'Missing regions');
    const unknown = regions.find((region) => !REGIONS.includes(region));
    if (unknown) return failed(422, 'INVALID_REGION', `Invalid region: ${unknown}`);
    const markets = listed(query, 'markets');
    if (markets.length === 0) markets.push('h2h');
    const strange = markets.find((market) => !MARKETS.includes(market as Market));
    if (strange) return failed(422, 'INVALID_MARKET', `Invalid market: ${strange}`);
    // Up to ten named bookmakers cost as much as one region.
    const cost = (named.length > 0 ? Math.ceil(named.length / 10) : regions.length) * markets.length;
    if (this.#used + cost > this.settled.oddsCredits)
      return failed(401, 'OUT_OF_USAGE_CREDITS', 'Usage quota has been reached.');
    const wanted = BOOKMAKERS.filter(([key, , region]) =>
      named.length > 0 ? named.includes(key) : regions.includes(region),
    );
    const rows = events.map((event) => ({
      ...this.#head(event, query),
      bookmakers: wanted.flatMap((bookmaker) => this.#bookmaker(event, bookmaker, markets as Market[], query)),
    }));
    // An empty answer costs nothing.
    return this.#charged(id === undefined ? rows : rows[0], rows.length === 0 ? 0 : cost);
  }

  #bookmaker(
    event: OddsEvent,
    [name, title]: (typeof BOOKMAKERS)[number],
    markets: Market[],
    query: URLSearchParams,
  ): unknown[] {
    const key = word(event.key, hashText(1, name));
    // A bookmaker in eight has nothing on an event.
    if (unit(key, 0) < 0.12) return [];
    const phase = Math.floor(unit(key, 1) * REFRESH_MS);
    const turn = Math.floor((this.clock.now() + phase) / REFRESH_MS);
    const updatedMs = Math.floor((turn * REFRESH_MS - phase) / 1000) * 1000;
    const offered = markets.filter((market) => (market === 'outrights') === event.sport[4]);
    if (offered.length === 0) return [];
    return [
      {
        key: name,
        title,
        last_update: timeIn(updatedMs, query),
        markets: offered.map((market) => ({
          key: market,
          last_update: timeIn(updatedMs, query),
          outcomes: outcomes(event, market, word(key, turn), query.get('oddsFormat') === 'american'),
        })),
      },
    ];
  }
}

function timeIn(ms: number, query: URLSearchParams): string | number {
  return query.get('dateFormat') === 'unix' ? ms / 1000 : isoMicros(ms * 1000, 0);
}

/** Prices of all outcomes: probabilities that sum to 1 plus a margin of 2 to 8 percent. */
function outcomes(event: OddsEvent, market: Market, key: number, american: boolean): unknown[] {
  const point = Math.round(unit(event.key, 30) * 20) / 2 + 0.5;
  const names: readonly (readonly [string, number | undefined])[] = {
    h2h: [
      [event.home, undefined],
      [event.away, undefined],
      ...(event.sport[1] === 'Soccer' ? [['Draw', undefined] as const] : []),
    ] as const,
    spreads: [[event.home, -point] as const, [event.away, point] as const],
    totals: [['Over', point + 40] as const, ['Under', point + 40] as const],
    outrights: Array.from(
      { length: 12 },
      (_, n) => [team(event.key, n + 1) + (n > 8 ? ' Jr.' : ''), undefined] as const,
    ),
  }[market];
  // The match decides most of it, the bookmaker and the minute the rest.
  const weights = names.map((_, n) => 0.3 + unit(event.key, 40 + n) + 0.1 * unit(key, n));
  const sum = weights.reduce((total, weight) => total + weight, 0);
  const margin = 1.02 + 0.06 * unit(key, 50);
  return names.map(([name, at], n) => {
    const decimal = Math.max(1.01, Math.floor((sum / ((weights[n] as number) * margin)) * 100) / 100);
    const price = american
      ? decimal >= 2
        ? Math.round((decimal - 1) * 100)
        : -Math.round(100 / (decimal - 1))
      : decimal;
    return at === undefined ? { name, price } : { name, price, point: at };
  });
}
