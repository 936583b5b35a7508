import { visible } from './visible.js';

/**
 * A failure is plain data: it crosses thread boundaries, is written to checkpoints and is looked up in the retry
 * table (`net/retry.ts`). Whoever meets a failure classifies it once; here are only its shape and its words.
 */
export type FailureKind = 'transient' | 'throttled' | 'terminal';

export type FailureCode =
  // the source
  | 'throttled' // 429
  | 'connection' // refused, reset, DNS, TLS
  | 'deadline' // our own request deadline passed
  | 'http_5xx'
  | 'statement_timeout' // the source's database gave up on the statement
  | 'query_timeout' // the source's own deadline
  | 'overloaded'
  | 'store_unavailable'
  | 'reorganized'
  | 'behind' // a replica that has not indexed a block which was seen before
  | 'bad_response' // cut, not JSON, no data, an asked-for key is missing
  | 'bad_page' // rows outside the filter, out of order, doubled, or more than asked for
  | 'pin_refused' // the block's history is pruned: the run goes on unpinned
  | 'indexing_error' // the subgraph is broken
  | 'query_refused' // validation, range, unknown field, 400, 401, 403, 404
  // the target
  | 'target_connection'
  | 'target_timeout'
  | 'target_busy' // too many parts, memory limit, too many queries
  | 'target_query_memory' // a statement needs more than its own limit allows
  | 'target_disk_full'
  | 'target_drop_refused' // the server protects tables of this size from being dropped
  | 'target_readonly' // a table, until its replica is well again
  | 'target_user_readonly' // a login that may only read
  | 'target_denied' // login or rights
  | 'target_schema' // table missing or of another structure
  | 'target_refused' // any other exception of the server
  // ourselves
  | 'thread_lost'
  | 'stopped' // the run was interrupted before the chunk ended
  | 'bug';

/** Who failed: the source, the target, or this program and its machine. */
export type FailureSide = 'source' | 'target' | 'self';

export interface Failure {
  readonly kind: FailureKind;
  readonly side: FailureSide;
  readonly code: FailureCode;
  /** What happened, on what; cut to a readable length, free of credentials. */
  readonly message: string;
  /** How long the other side asked us to wait, milliseconds. */
  readonly retryAfterMs?: number;
  /** The other side never saw it, or turned it away at the door: it has had no effect. */
  readonly unsent?: true;
}

/** Carries a failure up the stack inside one thread; between threads only `failure` travels. */
export class FailureError extends Error {
  override readonly name = 'FailureError';
  constructor(readonly failure: Failure) {
    super(failure.message);
  }
}

export const MAX_MESSAGE_CHARS = 400;

/** A foreign text in one line: its control characters made visible, and cut, since statement time-outs quote the whole query. */
export function cutMessage(message: string, maxChars = MAX_MESSAGE_CHARS): string {
  const oneLine = visible(message.replace(/\s+/g, ' ').trim());
  return oneLine.length <= maxChars ? oneLine : `${oneLine.slice(0, maxChars)}… (${oneLine.length} characters)`;
}

/** The side of each code: nobody who makes a failure has to say it. */
const SIDES: Readonly<Record<FailureCode, FailureSide>> = {
  throttled: 'source',
  connection: 'source',
  deadline: 'source',
  http_5xx: 'source',
  statement_timeout: 'source',
  query_timeout: 'source',
  overloaded: 'source',
  store_unavailable: 'source',
  reorganized: 'source',
  behind: 'source',
  bad_response: 'source',
  bad_page: 'source',
  pin_refused: 'source',
  indexing_error: 'source',
  query_refused: 'source',
  target_connection: 'target',
  target_timeout: 'target',
  target_busy: 'target',
  target_query_memory: 'target',
  target_disk_full: 'target',
  target_drop_refused: 'target',
  target_readonly: 'target',
  target_user_readonly: 'target',
  target_denied: 'target',
  target_schema: 'target',
  target_refused: 'target',
  thread_lost: 'self',
  stopped: 'self',
  bug: 'self',
};

/** A failure as data. The message is cut to a readable length. */
export function failureOf(kind: FailureKind, code: FailureCode, message: string, retryAfterMs?: number): Failure {
  const failure = { kind, side: SIDES[code], code, message: cutMessage(message) };
  return retryAfterMs === undefined ? failure : { ...failure, retryAfterMs };
}

export function failed(kind: FailureKind, code: FailureCode, message: string, retryAfterMs?: number): FailureError {
  return new FailureError(failureOf(kind, code, message, retryAfterMs));
}
