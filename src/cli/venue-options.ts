import { z } from 'zod';
import { TIMESPANS } from '../datasets/bars/timespan.js';
import { VENUES } from '../datasets/venues/model.js';
import { duration, flag, httpUrl, option, text, whole } from './option-spec.js';

const DETAIL_NAMES = ['prices', 'trades', 'books', 'history'] as const;

/** `a,b`: some of the names, each once. */
function listOf<const Names extends readonly [string, ...string[]]>(names: Names) {
  return text()
    .transform((value) => [...new Set(value.split(',').map((part) => part.trim()))])
    .pipe(z.array(z.enum(names, { error: `must be some of ${names.join(', ')}` })));
}

const words = () =>
  text().transform((value) => [...new Set(value.split(',').map((part) => part.trim()))].filter((part) => part !== ''));

const decimal = () =>
  z
    .preprocess((value) => (typeof value === 'number' ? String(value) : value), z.string())
    .refine((value) => /^\d{1,12}(?:\.\d{1,6})?$/.test(value), { error: 'must be a number, with up to six decimals' });

/** Date.parse takes the 30th of February for the 2nd of March. */
const isDay = (value: string) => {
  const at = /^\d{4}-\d\d-\d\d$/.test(value) ? Date.parse(value) : Number.NaN;
  return !Number.isNaN(at) && new Date(at).toISOString().startsWith(value);
};

const day = () =>
  z.string().refine(isDay, {
    error: 'must be a day, like 2026-11-24',
  });

const url = (env: string, describe: string, standard: string) =>
  option({ env, kind: 'string', metavar: 'URL', describe, schema: httpUrl().default(standard) });

const key = (env: string, describe: string) =>
  option({ env, kind: 'string', describe, schema: text().optional(), envOnly: true, secret: true });

/** Options of venues, bars and odds; the program's other options are in `options.ts`. */
export const VENUE_OPTIONS = {
  gammaUrl: url('GAMMA_URL', "Polymarket's catalogue", 'https://gamma-api.polymarket.com'),
  clobUrl: url('CLOB_URL', "Polymarket's prices, books and histories", 'https://clob.polymarket.com'),
  dataApiUrl: url('DATA_API_URL', "Polymarket's trades", 'https://data-api.polymarket.com'),
  kalshiUrl: url('KALSHI_URL', 'Kalshi, up to /trade-api/v2', 'https://external-api.kalshi.com/trade-api/v2'),
  limitlessUrl: url('LIMITLESS_URL', 'Limitless', 'https://api.limitless.exchange'),
  opinionUrl: url('OPINION_URL', 'Opinion, up to /openapi', 'https://openapi.opinion.trade/openapi'),
  massiveUrl: url('MASSIVE_URL', 'Massive (formerly Polygon.io), the source of bars', 'https://api.massive.com'),
  oddsUrl: url('ODDS_URL', 'The Odds API, up to /v4', 'https://api.the-odds-api.com/v4'),
  opinionApiKey: key('OPINION_API_KEY', 'key of Opinion'),
  kalshiApiKey: key('KALSHI_API_KEY', 'key of Kalshi: twice the rate'),
  massiveApiKey: key('MASSIVE_API_KEY', 'key of Massive'),
  oddsApiKey: key('ODDS_API_KEY', 'key of The Odds API'),
  venues: option({
    env: 'BACKFILL_VENUES',
    kind: 'string',
    metavar: 'LIST',
    describe: 'which venues: polymarket, kalshi, limitless, opinion',
    schema: listOf(VENUES).default([...VENUES]),
  }),
  type: option({
    env: 'BACKFILL_INGEST_TYPE',
    kind: 'string',
    metavar: 'TYPE',
    describe:
      'static: all that is listed and unsettled; delta: what changed (default: delta once a static load is complete)',
    schema: z.enum(['static', 'delta'], { error: 'must be static or delta' }).optional(),
  }),
  sequential: option({
    env: 'BACKFILL_SEQUENTIAL',
    kind: 'boolean',
    describe: 'one venue after the other, not side by side',
    schema: flag().default(false),
  }),
  top: option({
    env: 'BACKFILL_TOP',
    kind: 'number',
    metavar: 'N',
    describe: "only each venue's N busiest open markets, by the cheapest way it has",
    schema: whole(1, 1_000_000).optional(),
  }),
  minVolume: option({
    env: 'BACKFILL_MIN_VOLUME',
    kind: 'string',
    metavar: 'N',
    describe: "only markets of this volume at least, in the venue's own unit (dollars or contracts)",
    schema: decimal().optional(),
  }),
  with: option({
    env: 'BACKFILL_WITH',
    kind: 'string',
    metavar: 'LIST',
    describe: 'also what needs requests of its own: prices, trades, books, history',
    schema: listOf(DETAIL_NAMES).default([]),
  }),
  staleAfter: option({
    env: 'BACKFILL_STALE_AFTER',
    kind: 'string',
    metavar: 'TIME',
    describe: 'a venue that was not loaded for so long is stale',
    schema: duration(1000, 366 * 86_400_000).default(26 * 3_600_000),
  }),
  every: option({
    env: 'BACKFILL_EVERY',
    kind: 'string',
    metavar: 'TIME',
    describe: 'time from the begin of one round to that of the next',
    schema: duration(1000, 86_400_000).default(30_000),
  }),
  oddsSports: option({
    env: 'BACKFILL_ODDS_SPORTS',
    kind: 'string',
    metavar: 'LIST',
    describe: 'sports whose odds are collected, by their keys at The Odds API',
    schema: words().default([]),
  }),
  symbols: option({
    env: 'BACKFILL_SYMBOLS',
    kind: 'string',
    metavar: 'LIST|FILE',
    describe: 'symbols by comma, or a file with one a line',
    schema: text().optional(),
  }),
  from: option({
    env: 'BACKFILL_FROM',
    kind: 'string',
    metavar: 'DAY',
    describe: 'first day of the bars, US Eastern',
    schema: day().optional(),
  }),
  to: option({
    env: 'BACKFILL_TO',
    kind: 'string',
    metavar: 'DAY',
    describe: 'last day of the bars, inclusive',
    schema: day().optional(),
  }),
  timespan: option({
    env: 'BACKFILL_TIMESPAN',
    kind: 'string',
    metavar: 'LIST',
    describe: `length of a bar, one or several: ${TIMESPANS.join(', ')}`,
    schema: listOf(TIMESPANS).default(['day']),
  }),
  rpm: option({
    env: 'BACKFILL_RPM',
    kind: 'number',
    metavar: 'N',
    describe: 'requests a minute to Massive',
    schema: z.coerce.number().min(1).max(6000).default(150),
  }),
} as const;
