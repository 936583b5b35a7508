import { type Failure, FailureError } from '../core/failure.js';
import { retryDelayMs, ruleFor } from './retry.js';

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
