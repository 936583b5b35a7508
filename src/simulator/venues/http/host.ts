/** One host of a venue: its routes, its limit, its manner of saying no. */
import type { IncomingHttpHeaders } from 'node:http';
import type { Limiter } from './limits.js';

export type HostName = 'gamma' | 'clob' | 'dataApi' | 'kalshi' | 'limitless' | 'opinion' | 'massive' | 'odds';

export interface Asked {
  readonly method: string;
  /** Below the host's base, without the query. */
  readonly path: string;
  /** As sent, with `?`; empty without one. */
  readonly search: string;
  readonly query: URLSearchParams;
  readonly body: string;
  readonly headers: IncomingHttpHeaders;
}

export interface Answer {
  readonly status: number;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body: string;
}

export interface Route {
  readonly method: 'GET' | 'POST';
  /** `/markets/:slug/orderbook`; the first route that fits answers. */
  readonly path: string;
  /** What limits and stats call it; the path when not given. */
  readonly endpoint?: string;
  answer(asked: Asked, params: readonly string[]): Answer;
}

export interface Host {
  readonly name: HostName;
  /** Where it hangs on the one port, with the venue's own base path: `/kalshi/trade-api/v2`. */
  readonly base: string;
  readonly routes: readonly Route[];
  readonly limiter: Limiter;
  /** Before anything else: a missing key, say. */
  refuse?(asked: Asked): Answer | undefined;
  notFound(asked: Asked): Answer;
}

export function json(value: unknown, status = 200, headers?: Readonly<Record<string, string>>): Answer {
  return { status, body: JSON.stringify(value), ...(headers ? { headers } : {}) };
}

export interface Found {
  readonly route: Route;
  readonly params: readonly string[];
}

export function endpointOf(route: Route): string {
  return route.endpoint ?? route.path;
}

export function findRoute(routes: readonly Route[], method: string, path: string): Found | undefined {
  const asked = path.split('/');
  for (const route of routes) {
    const wanted = route.path.split('/');
    if (route.method !== method || wanted.length !== asked.length) continue;
    const params: string[] = [];
    const fits = wanted.every((part, i) => {
      if (!part.startsWith(':')) return part === asked[i];
      params.push(decodeURIComponent(asked[i] as string));
      return asked[i] !== '';
    });
    if (fits) return { route, params };
  }
  return undefined;
}

/** A whole number of the query, inside [min, max]; what lies above is clamped in silence, what is no number is the default. */
export function clamped(query: URLSearchParams, name: string, fallback: number, max: number, min = 1): number {
  const text = query.get(name);
  if (text === null || !/^-?\d+$/.test(text)) return fallback;
  return Math.min(max, Math.max(min, Number(text)));
}

/** A parameter that may be repeated or hold a list with commas. */
export function listed(query: URLSearchParams, name: string): string[] {
  return [...query.getAll(name), ...query.getAll(`${name}[]`)].flatMap((text) => text.split(',')).filter(Boolean);
}
