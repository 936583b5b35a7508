import type { Failure, FailureCode } from '../core/failure.js';

/**
 * What happens after a failure, by its code. What is not listed is terminal for its chunk.
 *
 * `attempts`: how often a chunk may fail this way before it is set aside. `shrinkPage`: the next try asks for less.
 * `wait`: 'backoff' is full jitter over a doubling bound, 'told' waits as long as the source said (the rate cell makes
 * everyone wait anyway). `stopsRun`: no chunk can succeed until a person acts.
 */
export interface RetryRule {
  readonly attempts: number;
  readonly wait: 'backoff' | 'told' | 'none';
  readonly shrinkPage?: true;
  readonly stopsRun?: true;
}

const TRANSIENT: RetryRule = { attempts: 8, wait: 'backoff' };
const SLOW: RetryRule = { attempts: 10, wait: 'backoff', shrinkPage: true };

export const RETRY_RULES: Readonly<Partial<Record<FailureCode, RetryRule>>> = {
  // A throttle is no fault of the chunk: it costs time, never an attempt.
  throttled: { attempts: Number.POSITIVE_INFINITY, wait: 'told' },
  connection: TRANSIENT,
  deadline: SLOW,
  http_5xx: TRANSIENT,
  statement_timeout: SLOW,
  query_timeout: SLOW,
  overloaded: TRANSIENT,
  store_unavailable: TRANSIENT,
  reorganized: TRANSIENT,
  behind: TRANSIENT,
  bad_response: TRANSIENT,
  bad_page: { attempts: 5, wait: 'backoff' },
  // The run goes on unpinned; the chunk is asked again at once.
  pin_refused: { attempts: Number.POSITIVE_INFINITY, wait: 'none' },
  target_connection: TRANSIENT,
  target_timeout: TRANSIENT,
  target_busy: { attempts: 12, wait: 'backoff' },
  target_disk_full: TRANSIENT,
  target_readonly: TRANSIENT,
  target_user_readonly: { attempts: 0, wait: 'none', stopsRun: true },
  target_denied: { attempts: 0, wait: 'none', stopsRun: true },
  target_schema: { attempts: 0, wait: 'none', stopsRun: true },
  indexing_error: { attempts: 0, wait: 'none', stopsRun: true },
  thread_lost: { attempts: 4, wait: 'backoff' },
};

export function ruleFor(failure: Failure): RetryRule {
  return RETRY_RULES[failure.code] ?? { attempts: 0, wait: 'none' };
}

/** The bound of the pause doubles from the base up to this many bases: 1 s … 300 s. */
const MAX_BACKOFF_BASES = 300;

/** Milliseconds to wait before attempt `failures + 1`; `random` in [0, 1). */
export function retryDelayMs(failure: Failure, failures: number, baseMs: number, random: () => number): number {
  const rule = ruleFor(failure);
  if (rule.wait === 'none') return 0;
  if (rule.wait === 'told') return failure.retryAfterMs ?? 0;
  const bound = baseMs * Math.min(MAX_BACKOFF_BASES, 2 ** Math.max(0, failures - 1));
  return Math.max(failure.retryAfterMs ?? 0, Math.round(random() * bound));
}

const PAGE_SIZES = [1000, 500, 200, 100, 50];

/** The next smaller page: 1,000 → 500 → 200 → 100 → 50. */
export function shrinkPageRows(pageRows: number): number {
  return PAGE_SIZES.find((size) => size < pageRows) ?? pageRows;
}
