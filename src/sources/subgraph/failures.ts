/**
 * Every way in which the source fails, as one classification: by HTTP status, by the text of a GraphQL error (by the error code
 * of the transport: `net/http.ts`). The cases are those of graph-node behind Goldsky, whose GraphQL errors come with
 * status 200; what is in no table is terminal.
 */
import { type Failure, type FailureCode, type FailureKind, failureOf } from '../../core/failure.js';
import { bodyText, parseRetryAfter } from '../../net/http.js';

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

export function transient(code: FailureCode, message: string): Failure {
  return failureOf('transient', code, message);
}
