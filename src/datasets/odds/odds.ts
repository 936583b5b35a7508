/** Odds of bookmakers from The Odds API: all events of a sport in one answer, paid in credits. */
import { failed } from '../../core/failure.js';
import { instantOf } from '../../core/instant.js';
import { decimalText, microsOf } from '../../core/micros.js';
import type { RestAnswer, RestRequest } from '../../sources/rest/client.js';
import { isObject, type Json, type JsonObject, parseJson, textOf } from '../../sources/rest/json.js';

/** A row of `silver_odds`. */
export interface OddsRow {
  readonly sport: string;
  readonly event_id: string;
  readonly commence_time: string;
  readonly home_team: string;
  readonly away_team: string;
  readonly bookmaker: string;
  readonly market: string;
  readonly outcome: string;
  /** Decimal odds. */
  readonly price: string;
  /** Spreads and totals only. */
  readonly point: string | null;
  readonly odds_format: 'decimal';
  readonly last_update: string;
  readonly fetched_at: string;
}

/** A call costs regions × markets, whatever the number of events. */
export function oddsRequest(sport: string): RestRequest {
  return {
    path: `/sports/${encodeURIComponent(sport)}/odds`,
    query: [
      ['regions', 'us'],
      ['markets', 'h2h,spreads,totals'],
      ['oddsFormat', 'decimal'],
      ['dateFormat', 'iso'],
    ],
  };
}

/** Throws `bad_response` for what is no list of events. */
export function readOdds(text: string, sport: string, fetchedAt: string): OddsRow[] {
  const what = `the odds of ${sport}`;
  return children(parseJson(text, what), what).flatMap((event) =>
    children(event.bookmakers, what).flatMap((bookmaker) =>
      children(bookmaker.markets, what).flatMap((market) =>
        children(market.outcomes, what).map((outcome) => {
          const price = microsOf(textOf(outcome.price) ?? '');
          if (price === null) throw failed('transient', 'bad_response', `an outcome without a price in ${what}`);
          return {
            sport,
            event_id: word(event, 'id', what),
            commence_time: time(event.commence_time, what),
            home_team: textOf(event.home_team) ?? '',
            away_team: textOf(event.away_team) ?? '',
            bookmaker: word(bookmaker, 'key', what),
            market: word(market, 'key', what),
            outcome: word(outcome, 'name', what),
            price: decimalText(price),
            point: pointText(outcome.point, what),
            odds_format: 'decimal' as const,
            // A market's own stamp is the finer one; older answers have the bookmaker's only.
            last_update: time(market.last_update ?? bookmaker.last_update, what),
            fetched_at: fetchedAt,
          };
        }),
      ),
    ),
  );
}

function children(value: Json, what: string): JsonObject[] {
  if (!Array.isArray(value) || !value.every(isObject)) {
    throw failed('transient', 'bad_response', `an answer that is no list of objects to ${what}`);
  }
  return value;
}

function word(value: JsonObject, key: string, what: string): string {
  const text = textOf(value[key]);
  if (text === null || text === '') throw failed('transient', 'bad_response', `${key} is missing in ${what}`);
  return text;
}

function pointText(value: Json, what: string): string | null {
  if (value === undefined || value === null) return null;
  const micros = microsOf(textOf(value) ?? '');
  if (micros === null) throw failed('transient', 'bad_response', `a point that is no number in ${what}`);
  return decimalText(micros);
}

function time(value: Json, what: string): string {
  const shown = instantOf(textOf(value) ?? '');
  if (typeof shown !== 'string') throw failed('transient', 'bad_response', `a time that is none in ${what}`);
  return shown.slice(0, 23);
}

/** A row of `odds_credits`: the headers are the only meter. */
export function creditsOf(answer: RestAnswer, request: string, at: string): Record<string, unknown> {
  const count = (name: string) => {
    const text = answer.header(name);
    return text !== null && /^-?\d+$/.test(text) ? Number(text) : null;
  };
  return {
    at,
    request,
    remaining: count('x-requests-remaining'),
    used: count('x-requests-used'),
    last: count('x-requests-last'),
  };
}

/** Leaves out what is known: a row counts when its price or its bookmaker's stamp is new. */
export class OddsSeen {
  readonly #known = new Map<string, string>();

  only(rows: readonly OddsRow[]): OddsRow[] {
    return rows.filter((row) => this.#known.get(nameOf(row)) !== stateOf(row));
  }

  /** Called when the rows are acknowledged. Events that are listed no longer are forgotten. */
  written(sport: string, rows: readonly OddsRow[]): void {
    const listed = new Set(rows.map(({ event_id }) => event_id));
    for (const name of this.#known.keys()) {
      const [of, event] = name.split('\n');
      if (of === sport && !listed.has(event as string)) this.#known.delete(name);
    }
    for (const row of rows) this.#known.set(nameOf(row), stateOf(row));
  }
}

function nameOf({ sport, event_id, bookmaker, market, outcome, point }: OddsRow): string {
  return [sport, event_id, bookmaker, market, outcome, point ?? ''].join('\n');
}

function stateOf({ last_update, price }: OddsRow): string {
  return `${last_update} ${price}`;
}
