/** How the tests ask the simulated venues: over real sockets, one JSON body at a time. */
import { afterAll } from 'vitest';
import type { VenuesOptions } from '../../../src/simulator/venues/options.js';
import { startVenues, type Venues } from '../../../src/simulator/venues/server.js';

// biome-ignore lint/suspicious/noExplicitAny: bodies are looked into field by field
export type Body = any;

/** A Tuesday noon. */
export const START = Date.UTC(2026, 10, 24, 12);
/** Small, and more than one page of most lists. */
const SIZE = { polymarket: 250, kalshi: 700, limitless: 60, opinion: 45 };
const KEY = { apikey: 'k', authorization: 'Bearer k' };

const started: Venues[] = [];

/** Without limits, from a fixed time, closed when the file's tests are over. */
export async function venuesFor(options: VenuesOptions = {}): Promise<Venues> {
  const venues = await startVenues({ seed: 7, startMs: START, limitScale: 0, size: SIZE, ...options });
  started.push(venues);
  return venues;
}

afterAll(async () => {
  await Promise.all(started.map((venues) => venues.close()));
});

export async function get(url: string, headers: Record<string, string> = KEY): Promise<Body> {
  return (await fetch(url, { headers })).json();
}

export async function post(url: string, body: unknown): Promise<Body> {
  const response = await fetch(url, { method: 'POST', body: JSON.stringify(body) });
  return response.json();
}

/** All pages of a chain: `url` without its cursor, the name the cursor is sent by and read by. */
export async function chain(
  url: string,
  send: string,
  read: (body: Body) => string | null | undefined,
): Promise<Body[]> {
  const pages: Body[] = [];
  let cursor: string | null | undefined;
  do {
    const body = await get(cursor ? `${url}&${send}=${encodeURIComponent(cursor)}` : url);
    pages.push(body);
    cursor = read(body);
  } while (cursor && pages.length < 500);
  return pages;
}

export async function gammaMarkets(venues: Venues, query = 'closed=false'): Promise<Body[]> {
  const pages = await chain(
    `${venues.urls.gamma}/markets/keyset?limit=100&${query}`,
    'after_cursor',
    (body) => body.next_cursor,
  );
  return pages.flatMap((page) => page.markets);
}

export async function kalshiMarkets(venues: Venues, query: string): Promise<Body[]> {
  const pages = await chain(`${venues.urls.kalshi}/markets?limit=1000&${query}`, 'cursor', (body) => body.cursor);
  return pages.flatMap((page) => page.markets);
}

export async function limitlessRows(venues: Venues, query = ''): Promise<Body[]> {
  const rows: Body[] = [];
  for (let page = 1; ; page++) {
    const { data } = await get(`${venues.urls.limitless}/markets/active?limit=25&page=${page}&${query}`);
    rows.push(...data);
    if (data.length < 25) return rows;
  }
}

export async function opinionRows(venues: Venues, query = 'status=activated&marketType=2'): Promise<Body[]> {
  const rows: Body[] = [];
  for (let page = 1; ; page++) {
    const { result } = await get(`${venues.urls.opinion}/market?limit=20&page=${page}&${query}`);
    rows.push(...result.list);
    if (result.list.length < 20) return rows;
  }
}

/** Micro-units of a decimal text, half up at the sixth place: written for the tests, used by nothing else. */
export function micros(value: string | number | null | undefined): bigint | null {
  if (value === null || value === undefined) return null;
  const [whole = '0', fraction = ''] = Number.isFinite(value) ? String(value).split('.') : (value as string).split('.');
  if (/e/.test(String(value))) return 0n;
  const digits = fraction.padEnd(7, '0');
  return BigInt(whole) * 1_000_000n + BigInt(digits.slice(0, 6)) + (digits.charCodeAt(6) >= 53 ? 1n : 0n);
}

export function timeMicros(text: string): bigint {
  const [, head, fraction = ''] = /^(.{19})(?:\.(\d+))?Z$/.exec(text) ?? [];
  return BigInt(Date.parse(`${head}Z`)) * 1000n + BigInt(fraction.padEnd(6, '0').slice(0, 6));
}
