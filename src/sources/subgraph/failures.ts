/**
 * Every way in which the source fails, as one classification: by HTTP status, by the text of a GraphQL error, by the
 * error code of the transport. The cases are those of graph-node behind Goldsky, whose GraphQL errors come with
 * status 200; what is in no table is terminal.
 */
import {
  cutMessage,
  type Failure,
  type FailureCode,
  FailureError,
  type FailureKind,
  failureOf,
} from '../../core/failure.js';

interface MessageRule {
  readonly pattern: RegExp;
  readonly kind: FailureKind;
  readonly code: FailureCode;
}

/**
 * Texts of GraphQL errors; the first rule that fits decides. A replica that is behind and a host that has pruned its
 * history both end in "data for block number N is therefore not yet available": only the middle tells them apart.
 */
const MESSAGES: readonly MessageRule[] = [
  { pattern: /only (?:has )?indexed up to/i, kind: 'transient', code: 'behind' },
  { pattern: /only has data starting at/i, kind: 'terminal', code: 'pin_refused' },
  { pattern: /data for block (?:number )?\d+ is .{0,30}available/i, kind: 'terminal', code: 'pin_refused' },
  { pattern: /\bprun(?:ed|ing)\b|earliest (?:available )?block/i, kind: 'terminal', code: 'pin_refused' },
  { pattern: /indexing[_ ]error/i, kind: 'terminal', code: 'indexing_error' },
  { pattern: /statement timeout/i, kind: 'transient', code: 'statement_timeout' },
  { pattern: /timed? ?out/i, kind: 'transient', code: 'query_timeout' },
  { pattern: /query allowance|rate limit|too many requests/i, kind: 'throttled', code: 'throttled' },
  { pattern: /overload/i, kind: 'transient', code: 'overloaded' },
  { pattern: /reorg/i, kind: 'transient', code: 'reorganized' },
  { pattern: /unavailable/i, kind: 'transient', code: 'store_unavailable' },
  {
    // The database's own words when it restarts, fails over or runs out of connections.
    pattern:
      /conflict with recovery|canceling statement|terminating connection|too many clients|connection (?:closed|reset|refused)|starting up/i,
    kind: 'transient',
    code: 'store_unavailable',
  },
];

/** Codes of Node's sockets, DNS, TLS and of undici. */
const TRANSPORT: Readonly<Record<string, FailureCode>> = {
  ECONNREFUSED: 'connection',
  ECONNRESET: 'connection',
  ECONNABORTED: 'connection',
  EPIPE: 'connection',
  ETIMEDOUT: 'connection',
  EHOSTUNREACH: 'connection',
  ENETUNREACH: 'connection',
  ENETDOWN: 'connection',
  EADDRNOTAVAIL: 'connection',
  EMFILE: 'connection',
  ENOTFOUND: 'connection',
  EAI_AGAIN: 'connection',
  EPROTO: 'connection',
  UND_ERR_SOCKET: 'connection',
  UND_ERR_CONNECT_TIMEOUT: 'connection',
  UND_ERR_CLOSED: 'connection',
  UND_ERR_DESTROYED: 'connection',
  UND_ERR_HEADERS_TIMEOUT: 'deadline',
  UND_ERR_BODY_TIMEOUT: 'deadline',
  UND_ERR_RES_CONTENT_LENGTH_MISMATCH: 'bad_response',
  UND_ERR_RES_EXCEEDED_MAX_SIZE: 'bad_response',
  UND_ERR_HEADERS_OVERFLOW: 'bad_response',
};

/** Longest wait that a Retry-After may ask of us: a wrong clock at the source must not stop a run for a day. */
export const MAX_RETRY_AFTER_MS = 600_000;

/** Body text shown in a message: enough to recognise a proxy's error page. */
const BODY_CHARS = 200;

/** A failure by HTTP status; null for 2xx. */
export function classifyStatus(status: number, body: string, retryAfter: string | null, nowMs: number): Failure | null {
  if (status >= 200 && status < 300) return null;
  const text = bodyText(body);
  const said = text === '' ? 'without a text' : `"${text}"`;
  const retryAfterMs = parseRetryAfter(retryAfter, nowMs);
  const fails = (kind: FailureKind, code: FailureCode, what: string) =>
    failureOf(kind, code, `the source ${what} (HTTP ${status}) ${said}`, retryAfterMs ?? undefined);
  const refuses = (what: string) =>
    failureOf('terminal', 'query_refused', `the source ${what} (HTTP ${status}) ${said}`);
  if (status === 429) return fails('throttled', 'throttled', 'throttles');
  if (status >= 500) return fails('transient', 'http_5xx', 'failed');
  if (status === 408) return fails('transient', 'query_timeout', 'timed out');
  if (status === 425) return fails('transient', 'overloaded', 'is busy');
  if (status === 401 || status === 403) return refuses('denied access: check GOLDSKY_TOKEN and the URL');
  if (status === 404) return refuses('has no such subgraph: check the URL');
  return refuses('refused the request');
}

/** Tags and whitespace removed, cut: error pages of proxies are HTML. */
function bodyText(body: string): string {
  const text = body.slice(0, 4000).replace(/<(style|script)[\s\S]*?<\/\1>|<[^>]*>/gi, ' ');
  return cutMessage(text, BODY_CHARS);
}

/** Seconds or an HTTP date as milliseconds from now, 0 to MAX_RETRY_AFTER_MS; null where it is neither. */
export function parseRetryAfter(header: string | null, nowMs: number): number | null {
  const text = header?.trim() ?? '';
  if (/^\d+(?:\.\d+)?$/.test(text)) return Math.min(MAX_RETRY_AFTER_MS, Math.ceil(Number(text) * 1000));
  if (!/^[A-Za-z]{3}/.test(text)) return null;
  const at = Date.parse(text);
  if (Number.isNaN(at)) return null;
  return Math.min(MAX_RETRY_AFTER_MS, Math.max(0, at - nowMs));
}

/** One GraphQL error by its text. */
export function classifyMessage(message: string): Failure {
  const rule = MESSAGES.find(({ pattern }) => pattern.test(message));
  return failureOf(rule?.kind ?? 'terminal', rule?.code ?? 'query_refused', `the source answered: ${message}`);
}

/**
 * The `errors` of a response. Several errors are one failure: a refused pin before all, since the run goes on without
 * it; else one that may pass, since only another attempt can tell what the rest is worth.
 */
export function classifyErrors(errors: unknown): Failure {
  const list = Array.isArray(errors) ? errors : [errors];
  const failures = list.map((error) => classifyMessage(errorText(error)));
  const first = failures[0] ?? classifyMessage('errors without a text');
  return (
    failures.find(({ code }) => code === 'pin_refused') ?? failures.find(({ kind }) => kind !== 'terminal') ?? first
  );
}

function errorText(error: unknown): string {
  if (typeof error === 'string') return error;
  const message = (error as { message?: unknown } | null)?.message;
  return typeof message === 'string' ? message : `an error without a text: ${JSON.stringify(error)}`;
}

/** An error that sockets, TLS, undici or zlib threw; `url` without credentials. */
export function classifyTransport(error: unknown, url: string): Failure {
  if (error instanceof FailureError) return error.failure;
  const { code, text } = rootCause(error);
  const known = code === null ? undefined : TRANSPORT[code];
  if (known !== undefined) return transient(known, `${text} (${code}) at ${url}`);
  if (code?.startsWith('HPE_')) return transient('bad_response', `the answer is not HTTP: ${text} (${code}) at ${url}`);
  if (code !== null && /^(?:CERT_|ERR_TLS|ERR_SSL|UNABLE_|DEPTH_ZERO|SELF_SIGNED)/.test(code)) {
    return transient('connection', `no trusted connection: ${text} (${code}) at ${url}`);
  }
  if (code !== null) return transient('connection', `${text} (${code}) at ${url}`);
  return failureOf('terminal', 'bug', `unexpected error while asking ${url}: ${text}`);
}

export function transient(code: FailureCode, message: string): Failure {
  return failureOf('transient', code, message);
}

/** The innermost error with a code: undici and happy-eyeballs wrap it. */
function rootCause(error: unknown): { code: string | null; text: string } {
  let code: string | null = null;
  let text = String(error);
  let at: unknown = error;
  for (let depth = 0; depth < 5 && at instanceof Error; depth++) {
    const own = (at as NodeJS.ErrnoException).code;
    if (at.message !== '') text = at.message;
    if (typeof own === 'string') code = own;
    else if (at.name === 'HTTPParserError') code = 'HPE_INVALID'; // undici gives it a code in some cases only
    if (code !== null && code in TRANSPORT) break;
    at = at.cause ?? (at as AggregateError).errors?.[0];
  }
  return { code, text };
}
