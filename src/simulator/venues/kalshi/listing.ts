/** GET /markets and what it can be filtered by: newest first, keyset on (created time, ticker). */
import { type Answer, type Asked, clamped, json, listed } from '../http/host.js';
import { type KalshiCursor, readKalshiCursor, writeKalshiCursor } from './cursor.js';
import { kalshiMarket } from './market.js';
import { comboJson, kalshiMarketJson } from './market-json.js';
import type { KalshiStatus, KalshiUniverse } from './universe.js';

export const MARKETS_MAX = 1_000;

/** What is asked for and what rows then say are different words. */
const ASKED_STATUS: Readonly<Record<string, readonly KalshiStatus[]>> = {
  unopened: ['initialized'],
  open: ['active'],
  paused: ['inactive'],
  closed: ['closed', 'determined', 'disputed', 'amended'],
  settled: ['finalized'],
};

export function badRequest(details: string): Answer {
  return json({ error: { code: 'bad_request', message: 'bad request', details, service: 'exchange' } }, 400);
}

export function notFound(): Answer {
  return json({ error: { code: 'not_found', message: 'not found', service: 'exchange' } }, 404);
}

const TIME_GROUPS = ['created_ts', 'close_ts', 'settled_ts'] as const;

type Accepts = (i: number) => boolean;

/** The rows of the main list that a query wants, or what is wrong with it. */
export function kalshiFilter(universe: KalshiUniverse, query: URLSearchParams, atMs: number): Accepts | string {
  const tests: Accepts[] = [];
  const status = query.get('status');
  if (status) {
    const answered = ASKED_STATUS[status];
    if (!answered) return `invalid status: ${status}`;
    tests.push((i) => {
      const actual = universe.status(i, atMs);
      return answered.includes(actual) || (status === 'open' && universe.closedInOpen(i, atMs));
    });
  }
  const updated = query.get('min_updated_ts');
  if (updated) {
    const others = [...query.keys()].filter(
      (name) => !['min_updated_ts', 'limit', 'cursor', 'mve_filter', 'series_ticker'].includes(name),
    );
    if (others.length > 0) return `min_updated_ts cannot be combined with ${others.join(', ')}`;
    const after = Number(updated) * 1e6;
    tests.push((i) => kalshiMarket(universe, i, atMs).updatedMicros > after);
  }
  const groups = TIME_GROUPS.filter((group) => query.has(`min_${group}`) || query.has(`max_${group}`));
  if (groups.length > 1) return `only one of ${groups.join(', ')} can be used`;
  for (const group of groups) tests.push(timeTest(universe, query, group));
  const events = listed(query, 'event_ticker');
  if (events.length > 0) {
    const wanted = new Set(events.map((ticker) => universe.indexOfEventTicker(ticker, atMs)));
    tests.push((i) => wanted.has(universe.eventOf(i)));
  }
  const series = query.get('series_ticker');
  if (series) tests.push((i) => universe.seriesTicker(universe.seriesOf(universe.eventOf(i))) === series);
  // The live tier does not hold what was settled before the cutoff.
  tests.push((i) => universe.life(i).finalizedMs >= universe.cutoffMs);
  return (i) => tests.every((test) => test(i));
}

/** Bounds are whole seconds and exclusive. */
function timeTest(universe: KalshiUniverse, query: URLSearchParams, group: (typeof TIME_GROUPS)[number]): Accepts {
  const min = Number(query.get(`min_${group}`) ?? Number.NEGATIVE_INFINITY) * 1e6;
  const max = Number(query.get(`max_${group}`) ?? Number.POSITIVE_INFINITY) * 1e6;
  return (i) => {
    const life = universe.life(i);
    const micros =
      group === 'created_ts'
        ? universe.createdMicros(i)
        : (group === 'close_ts' ? life.closesMs : life.finalizedMs) * 1000;
    return micros > min && micros < max;
  };
}

export function listMarkets(universe: KalshiUniverse, { query }: Asked, atMs: number): Answer {
  const limit = clamped(query, 'limit', 100, MARKETS_MAX);
  const tickers = listed(query, 'tickers');
  if (tickers.length > 0) return byTickers(universe, tickers, atMs);
  const accepts = kalshiFilter(universe, query, atMs);
  if (typeof accepts === 'string') return badRequest(accepts);
  const text = query.get('cursor');
  const cursor = text ? readKalshiCursor(text) : undefined;
  if (text && !cursor) return badRequest('invalid cursor');
  const mve = query.get('mve_filter');
  const status = query.get('status');
  // Combos are open, never settled, and bear no event or series of the main list.
  const withCombos =
    mve !== 'exclude' && (!status || status === 'open') && !query.has('event_ticker') && !query.has('series_ticker');
  const main = mve === 'only' ? none() : downFrom(universe, cursor, atMs, accepts);
  const combos = withCombos ? combosFrom(universe, cursor) : none();
  const markets: unknown[] = [];
  let last: KalshiCursor | undefined;
  for (const row of merged(main, combos)) {
    const { i, combo } = row;
    markets.push(combo ? comboJson(universe, i) : kalshiMarketJson(universe, kalshiMarket(universe, i, atMs)));
    last = { micros: row.micros, ticker: combo ? universe.comboTicker(i) : universe.ticker(i) };
    if (markets.length === limit) break;
  }
  return json({ cursor: markets.length === limit && last ? writeKalshiCursor(last) : '', markets });
}

interface Row {
  readonly i: number;
  readonly combo: boolean;
  readonly micros: number;
}

function* none(): Generator<Row> {}

/** Rows behind a cursor, newest first; within an event the greater ticker first. */
export function* downFrom(
  universe: KalshiUniverse,
  cursor: KalshiCursor | undefined,
  atMs: number,
  accepts: Accepts,
): Generator<Row> {
  let from = universe.total(atMs);
  if (cursor) {
    from = universe.indexFrom(cursor.micros, atMs);
    while (
      from < universe.total(atMs) &&
      universe.createdMicros(from) === cursor.micros &&
      universe.ticker(from) < cursor.ticker
    ) {
      from++;
    }
  }
  for (let i = from - 1; i >= 0; i--) if (accepts(i)) yield { i, combo: false, micros: universe.createdMicros(i) };
}

function* combosFrom(universe: KalshiUniverse, cursor: KalshiCursor | undefined): Generator<Row> {
  for (let c = universe.combos - 1; c >= 0; c--) {
    const micros = universe.comboCreatedMicros(c);
    if (!cursor || micros < cursor.micros) yield { i: c, combo: true, micros };
  }
}

function* merged(left: Generator<Row>, right: Generator<Row>): Generator<Row> {
  let [a, b] = [left.next(), right.next()];
  while (!a.done || !b.done) {
    if (!a.done && (b.done || a.value.micros >= b.value.micros)) {
      yield a.value;
      a = left.next();
    } else if (!b.done) {
      yield b.value;
      b = right.next();
    }
  }
}

/** Unknown ones are left out in silence, and the order is not the one asked for. */
function byTickers(universe: KalshiUniverse, tickers: readonly string[], atMs: number): Answer {
  const rows = tickers
    .map((ticker) => universe.indexOfTicker(ticker, atMs))
    .filter((i) => i !== undefined)
    .sort((a, b) => b - a);
  const markets = [...new Set(rows)].map((i) => kalshiMarketJson(universe, kalshiMarket(universe, i, atMs)));
  return json({ cursor: '', markets });
}
