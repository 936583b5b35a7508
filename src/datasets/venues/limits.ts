/**
 * How fast each host may be asked: three quarters of what it publishes, so that a quarter is left for everyone else at the same address.
 * A request counts against every limit that fits it. Figures of autumn 2026; limits that queue instead of refusing show as latency
 * only, so staying below them is all there is.
 */
export const HOSTS = ['gamma', 'clob', 'dataApi', 'kalshi', 'limitless', 'opinion'] as const;
export type Host = (typeof HOSTS)[number];

export interface Limit {
  readonly host: Host;
  /** Which requests it counts, by how their paths begin; null for all. */
  readonly paths: readonly string[] | null;
  /** Requests a second that the host publishes. */
  readonly publishedRps: number;
}

const KEPT_BACK = 0.25;

/** Cloudflare's windows of 10 seconds. */
const per10s = (requests: number) => requests / 10;

export const LIMITS: readonly Limit[] = [
  { host: 'gamma', paths: null, publishedRps: per10s(4000) },
  { host: 'gamma', paths: ['/markets'], publishedRps: per10s(300) },
  { host: 'gamma', paths: ['/events'], publishedRps: per10s(500) },
  { host: 'gamma', paths: ['/markets', '/events'], publishedRps: per10s(900) },
  { host: 'clob', paths: null, publishedRps: per10s(9000) },
  { host: 'clob', paths: ['/books'], publishedRps: per10s(500) },
  { host: 'clob', paths: ['/prices-history', '/batch-prices-history'], publishedRps: per10s(1000) },
  { host: 'dataApi', paths: null, publishedRps: per10s(1000) },
  { host: 'dataApi', paths: ['/v2/trades', '/trades'], publishedRps: per10s(200) },
  // Without a key no figure is published; about 10 a second is reported as safe. With one: 200 tokens a second, 10 a request.
  { host: 'kalshi', paths: null, publishedRps: 10 },
  // A gap of 300 ms, and two at once (CONNECTIONS).
  { host: 'limitless', paths: null, publishedRps: 1000 / 300 },
  { host: 'opinion', paths: null, publishedRps: 15 },
];

const KALSHI_KEY_RPS = 20;

/** Requests in flight at one host. More than its rate fills would only wait there. */
export const CONNECTIONS: Readonly<Record<Host, number>> = {
  gamma: 16,
  clob: 16,
  dataApi: 16,
  kalshi: 8,
  limitless: 2,
  opinion: 8,
};

export interface Pace {
  readonly name: string;
  readonly host: Host;
  readonly paths: readonly string[] | null;
  readonly rps: number;
}

/** The paces of a host, the host's own first. */
export function pacesOf(host: Host, options: { readonly kalshiKey?: boolean } = {}): Pace[] {
  return LIMITS.filter((limit) => limit.host === host).map(({ paths, publishedRps }) => {
    const published = host === 'kalshi' && options.kalshiKey === true ? KALSHI_KEY_RPS : publishedRps;
    return { name: `${host}${paths?.join('+') ?? ''}`, host, paths, rps: published * (1 - KEPT_BACK) };
  });
}

export function counts(pace: Pace, path: string): boolean {
  if (pace.paths === null) return true;
  return pace.paths.some((start) => path === start || path.startsWith(`${start}/`));
}
