/** Massive's requests and answers: paths, bars by the digits of their numbers, the next page. */
import { easternMidnightMs } from '../../core/eastern.js';
import { failed } from '../../core/failure.js';
import { instantOfMs } from '../../core/instant.js';
import { decimalText, microsOf } from '../../core/micros.js';
import type { RestRequest } from '../../sources/rest/client.js';
import { isObject, type Json, type JsonObject, parseJson, textOf } from '../../sources/rest/json.js';
import { type BarsRequest, MAX_BASE_BARS } from './plan.js';
import type { Timespan } from './timespan.js';

/** A row of `bars`. */
export interface BarRow {
  readonly symbol: string;
  readonly timespan: Timespan;
  readonly start: string;
  readonly open: string;
  readonly high: string;
  readonly low: string;
  readonly close: string;
  readonly volume: string;
  /** Absent on some bars, as is the number of trades. */
  readonly vwap: string | null;
  readonly trades: string | null;
  readonly loaded_at: string;
}

const ADJUSTED = ['adjusted', 'true'] as const;

export function requestOf(request: BarsRequest): RestRequest {
  if (request.kind === 'grouped') {
    return { path: `/v2/aggs/grouped/locale/us/market/stocks/${request.day}`, query: [ADJUSTED] };
  }
  const { symbol, timespan, from, to } = request;
  return {
    path: `/v2/aggs/ticker/${encodeURIComponent(symbol)}/range/1/${timespan}/${from}/${to}`,
    // Without the limit a page ends after 5,000 base bars.
    query: [ADJUSTED, ['sort', 'asc'], ['limit', String(MAX_BASE_BARS)]],
  };
}

export interface BarsPage {
  readonly bars: readonly BarRow[];
  /** The page that follows; null at the end. */
  readonly next: RestRequest | null;
}

/** Throws FailureError for an answer that is none. `wanted`: the symbols of a grouped answer that are kept. */
export function readBars(text: string, request: BarsRequest, wanted: ReadonlySet<string>, loadedAt: string): BarsPage {
  const what =
    request.kind === 'grouped' ? `the bars of ${request.day}` : `${request.timespan} bars of ${request.symbol}`;
  const body = parseJson(text, what);
  if (!isObject(body)) throw failed('transient', 'bad_response', `an answer that is no object to ${what}`);
  const status = textOf(body.status);
  // DELAYED is an answer of cheaper plans, and as good.
  if (status !== 'OK' && status !== 'DELAYED') {
    throw failed('transient', 'bad_response', `status ${status} in the answer to ${what}: ${textOf(body.error) ?? ''}`);
  }
  // Where there are no bars the key is absent.
  const results = body.results ?? [];
  if (!Array.isArray(results)) throw failed('transient', 'bad_response', `results that are no list for ${what}`);
  const rows = results.flatMap((result: Json) => {
    if (!isObject(result)) throw failed('transient', 'bad_response', `a bar that is no object in ${what}`);
    const symbol = request.kind === 'grouped' ? textOf(result.T) : request.symbol;
    if (symbol === null || (request.kind === 'grouped' && !wanted.has(symbol))) return [];
    return [rowOf(result, symbol, request, loadedAt, what)];
  });
  return { bars: rows, next: nextOf(textOf(body.next_url)) };
}

function rowOf(bar: JsonObject, symbol: string, request: BarsRequest, loadedAt: string, what: string): BarRow {
  const number = (key: string): string => {
    const micros = microsOf(textOf(bar[key]) ?? '');
    if (micros === null) throw failed('transient', 'bad_response', `a bar without ${key} in ${what}`);
    return decimalText(micros);
  };
  const has = (key: string) => bar[key] !== undefined && bar[key] !== null;
  // Bars of all symbols are stamped with the end of the session: a day begins at its midnight all the same.
  const startMs = request.kind === 'grouped' ? easternMidnightMs(request.day) : Number(number('t'));
  return {
    symbol,
    timespan: request.kind === 'grouped' ? 'day' : request.timespan,
    start: startText(startMs, what),
    open: number('o'),
    high: number('h'),
    low: number('l'),
    close: number('c'),
    volume: number('v'),
    vwap: has('vw') ? number('vw') : null,
    trades: has('n') ? number('n') : null,
    loaded_at: loadedAt,
  };
}

/** The next page at our own host and with our own key: only its path and cursor are taken. */
function nextOf(url: string | null): RestRequest | null {
  if (url === null || url === '') return null;
  const parsed = URL.canParse(url) ? new URL(url) : null;
  const at = parsed?.pathname.indexOf('/v2/aggs/') ?? -1;
  if (parsed === null || at < 0) throw failed('transient', 'bad_response', 'a next_url that is no page of bars');
  parsed.searchParams.delete('apiKey');
  return { path: parsed.pathname.slice(at), query: [...parsed.searchParams] };
}

function startText(startMs: number, what: string): string {
  const text = instantOfMs(startMs);
  if (text === null) throw failed('transient', 'bad_response', `a bar without a time in ${what}`);
  return text.slice(0, 23);
}
