/** Massive (once Polygon.io): aggregates of a range, of all symbols of a day, of the day before, and open-close. */
import { word } from '../../hash.js';
import { easternDay, easternMidnightMs, type SimulatedClock } from '../clock.js';
import { type Answer, type Asked, clamped, type Host, json, type Route } from '../http/host.js';
import { MinuteLimiter, UNLIMITED } from '../http/limits.js';
import { hexId } from '../ids.js';
import type { Settled } from '../options.js';
import { type Bar, type Bars, SYMBOLS } from './bars.js';
import { readRange, TIMESPANS, type Timespan } from './range.js';

const LIMIT_DEFAULT = 5_000;
const LIMIT_MAX = 50_000;
const BASE = '/massive';
/** Bars of a day in lists of all symbols are stamped with the close of the session. */
const CLOSE_MS = 16 * 3_600_000;

export function massiveHost(bars: Bars, clock: SimulatedClock, settled: Settled): Host {
  const get = (path: string, endpoint: string, answer: Route['answer']): Route => ({
    method: 'GET',
    path,
    endpoint,
    answer,
  });
  const aggs = '/v2/aggs/ticker/:ticker/range/:multiplier/:timespan/:from/:to';
  const refusal = (): Answer =>
    failed(
      429,
      "You've exceeded the maximum requests per minute, please wait or upgrade your subscription to continue.",
    );
  const rpm = settled.massiveRpm * settled.limitScale;
  return {
    name: 'massive',
    base: BASE,
    limiter: rpm === 0 ? UNLIMITED : new MinuteLimiter(rpm, refusal),
    refuse: (asked) => refuseKey(asked, settled.keys.massive),
    routes: [
      get(aggs, 'range', (asked, params) => range(bars, asked, params, clock.now())),
      get('/v2/aggs/ticker/:ticker/prev', 'prev', ({ query }, [ticker]) =>
        previous(bars, ticker as string, query, clock.now()),
      ),
      get('/v2/aggs/grouped/locale/us/market/stocks/:date', 'grouped', ({ query }, [date]) =>
        grouped(bars, date as string, query, clock.now()),
      ),
      get('/v1/open-close/:ticker/:date', 'open-close', ({ query }, [ticker, date]) =>
        openClose(bars, ticker as string, date as string, query, clock.now()),
      ),
    ],
    notFound: () => ({ status: 404, body: '404 page not found' }),
  };
}

function requestId(about: string): string {
  let key = 0;
  for (const letter of about) key = word(key, letter.charCodeAt(0));
  return hexId(key, 1, about.length, 32);
}

function failed(status: number, error: string): Answer {
  return json({ status: 'ERROR', request_id: requestId(error), error }, status);
}

function refuseKey({ headers, query }: Asked, wanted: string | undefined): Answer | undefined {
  const key = /^Bearer (.+)$/.exec(headers.authorization ?? '')?.[1] ?? query.get('apiKey');
  if (!key) return failed(401, 'API Key was not provided');
  return wanted !== undefined && key !== wanted ? failed(401, 'Unknown API Key') : undefined;
}

/** Whole volumes are written with a point (`642646396.0`), as the source does. */
function barText(bar: Bar, symbol: string | undefined, otc: boolean): string {
  const name = symbol === undefined ? '' : `"T":${JSON.stringify(symbol)},`;
  const vw = bar.vw === undefined ? '' : `,"vw":${bar.vw}`;
  const n = bar.n === undefined ? '' : `,"n":${bar.n}`;
  return `{${name}"v":${bar.v.toFixed(1)}${vw},"o":${bar.o},"c":${bar.c},"h":${bar.h},"l":${bar.l},"t":${bar.t}${n}${otc ? ',"otc":true' : ''}}`;
}

interface Body {
  readonly ticker?: string;
  readonly queryCount: number;
  readonly adjusted: boolean;
  readonly bars: readonly string[];
  readonly status: 'OK' | 'DELAYED';
  readonly nextUrl?: string | undefined;
  readonly about: string;
}

function body({ ticker, queryCount, adjusted, bars, status, nextUrl, about }: Body): Answer {
  const head = ticker === undefined ? '' : `"ticker":${JSON.stringify(ticker)},`;
  // Without bars there is no `results` at all.
  const results = bars.length === 0 ? '' : `"results":[${bars.join(',')}],`;
  const next = nextUrl === undefined ? '' : `,"next_url":${JSON.stringify(nextUrl)}`;
  const text = `{${head}"queryCount":${queryCount},"resultsCount":${bars.length},"adjusted":${adjusted},${results}"status":"${status}","request_id":"${requestId(about)}","count":${bars.length}${next}}`;
  return { status: 200, body: text };
}

/** Days are Eastern and inclusive; a number is milliseconds. */
function bound(text: string, end: 'from' | 'to'): number | undefined {
  if (/^\d{10,}$/.test(text)) return Number(text);
  if (!/^\d{4}-\d\d-\d\d$/.test(text) || Number.isNaN(Date.parse(text))) return undefined;
  const midnight = easternMidnightMs(text);
  return end === 'from' ? midnight : easternMidnightMs(easternDay(midnight + 36 * 3_600_000)) - 1;
}

/** `limit` and `sort` of a page that is asked for by `next_url` stand in its cursor. */
function settings(query: URLSearchParams): URLSearchParams {
  const cursor = query.get('cursor');
  return cursor ? new URLSearchParams(Buffer.from(cursor, 'base64url').toString()) : query;
}

function range(bars: Bars, { query, headers, path }: Asked, params: readonly string[], nowMs: number): Answer {
  const [symbol, multiplier, timespan, from, to] = params as [string, string, string, string, string];
  const [fromMs, toMs] = [bound(from, 'from'), bound(to, 'to')];
  if (fromMs === undefined || toMs === undefined)
    return failed(400, `could not parse the time: ${fromMs === undefined ? from : to}`);
  if (!TIMESPANS.includes(timespan as Timespan)) return failed(400, `unknown timespan: ${timespan}`);
  if (!/^[1-9]\d*$/.test(multiplier)) return failed(400, `multiplier must be a positive number: ${multiplier}`);
  if (fromMs > toMs) return failed(400, "the 'to' date must not be before the 'from' date");
  const asked = settings(query);
  const limit = clamped(asked, 'limit', LIMIT_DEFAULT, LIMIT_MAX);
  const adjusted = asked.get('adjusted') !== 'false';
  const sort = asked.get('sort') === 'desc' ? 'desc' : 'asc';
  if (!bars.has(symbol)) return body({ ticker: symbol, queryCount: 0, adjusted, bars: [], status: 'OK', about: path });
  const wanted = { symbol, multiplier: Number(multiplier), timespan: timespan as Timespan, adjusted };
  const found = readRange(bars, { ...wanted, fromMs, toMs, limit: sort === 'asc' ? limit : LIMIT_MAX * 100 }, nowMs);
  const page = sort === 'asc' ? found.bars : found.bars.toReversed().slice(0, limit);
  const cursor = Buffer.from(`limit=${limit}&sort=${sort}${adjusted ? '' : '&adjusted=false'}`).toString('base64url');
  // The key is not in it, and the last bound is written as it came.
  const next = (first: number | string, last: number | string) =>
    `http://${headers.host}${BASE}/v2/aggs/ticker/${symbol}/range/${multiplier}/${timespan}/${first}/${last}?cursor=${cursor}`;
  let nextUrl = found.nextMs === undefined ? undefined : next(found.nextMs, to);
  if (sort === 'desc') nextUrl = page.length < found.bars.length ? next(from, (page.at(-1) as Bar).t - 1) : undefined;
  return body({
    ticker: symbol,
    queryCount: sort === 'asc' ? found.baseBars : page.length,
    adjusted,
    bars: page.map((bar) => barText(bar, undefined, bars.otc(symbol))),
    status: SYMBOLS.indexOf(symbol) % 5 === 4 ? 'DELAYED' : 'OK',
    nextUrl,
    about: path,
  });
}

function grouped(bars: Bars, date: string, query: URLSearchParams, nowMs: number): Answer {
  if (bound(date, 'from') === undefined) return failed(400, `could not parse the time: ${date}`);
  const adjusted = query.get('adjusted') !== 'false';
  const includeOtc = query.get('include_otc') === 'true';
  const texts = SYMBOLS.flatMap((symbol) => {
    const bar = bars.trades(date) ? bars.day(symbol, date, adjusted, nowMs) : undefined;
    if (!bar || (bars.otc(symbol) && !includeOtc)) return [];
    return [barText({ ...bar, t: bar.t + CLOSE_MS }, symbol, bars.otc(symbol))];
  });
  return body({ queryCount: texts.length, adjusted, bars: texts, status: 'OK', about: date });
}

function previous(bars: Bars, symbol: string, query: URLSearchParams, nowMs: number): Answer {
  const adjusted = query.get('adjusted') !== 'false';
  let day = easternDay(nowMs);
  for (let back = 0; back < 10; back++) {
    day = easternDay(easternMidnightMs(day) - 12 * 3_600_000);
    const bar = bars.has(symbol) && bars.trades(day) ? bars.day(symbol, day, adjusted, nowMs) : undefined;
    if (!bar) continue;
    const text = barText({ ...bar, t: bar.t + CLOSE_MS }, symbol, bars.otc(symbol));
    return body({ ticker: symbol, queryCount: 1, adjusted, bars: [text], status: 'OK', about: `${symbol} ${day}` });
  }
  return body({ ticker: symbol, queryCount: 0, adjusted, bars: [], status: 'OK', about: symbol });
}

function openClose(bars: Bars, symbol: string, date: string, query: URLSearchParams, nowMs: number): Answer {
  const adjusted = query.get('adjusted') !== 'false';
  const bar = bars.has(symbol) && bars.trades(date) ? bars.day(symbol, date, adjusted, nowMs) : undefined;
  if (!bar)
    return json({ status: 'NOT_FOUND', request_id: requestId(`${symbol} ${date}`), message: 'Data not found.' }, 404);
  return json({
    status: 'OK',
    from: date,
    symbol,
    open: bar.o,
    high: bar.h,
    low: bar.l,
    close: bar.c,
    volume: bar.v,
    afterHours: bar.c,
    preMarket: bar.o,
  });
}
