import { type Failure, type FailureCode, FailureError } from '../core/failure.js';
import { pause } from '../core/pause.js';
import type { StepContext } from '../report/step.js';

/**
 * What happens after a failure, by its code: every code has a row.
 *
 * `attempts`: how often a unit may fail this way before it is set aside; none: at once. `askLess`: the next try asks for less.
 * `wait`: 'backoff' is full jitter over a doubling bound, 'told' waits as long as the source said (the rate cell makes
 * everyone wait anyway). `stopsRun`: no unit can succeed until a person acts.
 */
export interface RetryRule {
  readonly attempts: number;
  readonly wait: 'backoff' | 'told' | 'none';
  readonly askLess?: true;
  readonly stopsRun?: true;
}

const TRANSIENT: RetryRule = { attempts: 8, wait: 'backoff' };
const HOPELESS: RetryRule = { attempts: 0, wait: 'none' };
const STOPS: RetryRule = { ...HOPELESS, stopsRun: true };
const SLOW: RetryRule = { attempts: 10, wait: 'backoff', askLess: true };

export const RETRY_RULES: Readonly<Record<FailureCode, RetryRule>> = {
  // A throttle is no fault of the unit: it costs time, never an attempt.
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
  // The run goes on unpinned; the unit is asked again at once.
  pin_refused: { attempts: Number.POSITIVE_INFINITY, wait: 'none' },
  target_connection: TRANSIENT,
  target_timeout: TRANSIENT,
  target_busy: { attempts: 12, wait: 'backoff' },
  target_query_memory: STOPS,
  target_disk_full: TRANSIENT,
  target_drop_refused: STOPS,
  target_readonly: TRANSIENT,
  target_user_readonly: STOPS,
  target_denied: STOPS,
  target_schema: STOPS,
  indexing_error: STOPS,
  thread_lost: { attempts: 4, wait: 'backoff' },
  query_refused: HOPELESS,
  target_refused: HOPELESS,
  // The next sitting loads it.
  stopped: HOPELESS,
  bug: HOPELESS,
};

export function ruleFor(failure: Failure): RetryRule {
  return RETRY_RULES[failure.code];
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

export interface RetryingOptions {
  readonly retryBaseMs: number;
  /** How long one request may keep failing before its failure is thrown. */
  readonly giveUpAfterMs: number;
  readonly stop: AbortSignal;
  /** False: the first try is made even when the run is to stop, as what tidies up must be. */
  readonly stopsFirst?: boolean;
  readonly nowMs: () => number;
  readonly sleep: (ms: number, signal: AbortSignal) => Promise<boolean>;
  readonly random: () => number;
  readonly onRetry: (what: string, failure: Failure) => void;
}

/** The clock and the dice of a running program; tests bring their own. */
export const RETRY_CLOCK = { nowMs: () => performance.now(), sleep: pause, random: Math.random } as const;

/** `mayRepeat` can forbid another try after a failure that passes. */
export type Retry = <T>(what: string, ask: () => Promise<T>, mayRepeat?: (failure: Failure) => boolean) => Promise<T>;

const MAX_BAD_PAGES = 8;

/**
 * Repeats a single request by the retry table's delays for as long as its failure is a passing one. For what must
 * succeed before anything else can begin: heads, counts, conditions. Throws FailureError; the stop signal's reason when
 * stopped.
 */
export function retrying(options: RetryingOptions): Retry {
  return async (what, ask, mayRepeat = () => true) => {
    let failingSinceMs: number | null = null;
    let badPages = 0;
    for (let failures = 0; ; ) {
      if (options.stopsFirst !== false || failures > 0) options.stop.throwIfAborted();
      try {
        return await ask();
      } catch (error) {
        if (!(error instanceof FailureError)) throw error;
        const { failure } = error;
        const rule = ruleFor(failure);
        const passing = failure.kind !== 'terminal' && rule.attempts > 0 && rule.wait !== 'none';
        failingSinceMs ??= options.nowMs();
        // The source answers, and always wrongly: that is no outage to be waited for.
        if (failure.code === 'bad_page' && ++badPages >= MAX_BAD_PAGES) throw error;
        const leftMs = failingSinceMs + options.giveUpAfterMs - options.nowMs();
        // Told to come back only after that: nothing is gained by waiting.
        const tooLate = leftMs < 0 || (failure.retryAfterMs ?? 0) > leftMs;
        if (!passing || !mayRepeat(failure) || tooLate) throw error;
        if (failure.code !== 'throttled') failures++;
        options.onRetry(what, failure);
        if (
          !(await options.sleep(retryDelayMs(failure, failures, options.retryBaseMs, options.random), options.stop))
        ) {
          throw options.stop.reason;
        }
      }
    }
  };
}

/** The same for a step's own requests: each retry is said in its log. */
export function retryOfStep(
  { log, stop }: Pick<StepContext, 'log' | 'stop'>,
  { retryBaseMs, giveUpAfterMs }: Pick<RetryingOptions, 'retryBaseMs' | 'giveUpAfterMs'>,
): Retry {
  return retrying({
    retryBaseMs,
    giveUpAfterMs,
    stop,
    ...RETRY_CLOCK,
    onRetry: (what, failure) => log.warn({ code: failure.code }, `${what}: ${failure.message}; trying again`),
  });
}
