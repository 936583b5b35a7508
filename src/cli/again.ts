import type { OpenedTarget } from '../clickhouse/open.js';
import type { Again } from '../clickhouse/patient.js';
import { EXIT, ExitError } from '../core/exit.js';
import { FailureError } from '../core/failure.js';
import { RETRY_CLOCK, type Retry, type RetryingOptions, retrying } from '../net/retry.js';
import type { Context } from './context.js';

/** Source and target are waited for alike: for `--give-up-after`, by the delays of the retry table. */
export function retryingOf({ config, log, stop }: Context): RetryingOptions {
  return {
    retryBaseMs: config.retryBase,
    giveUpAfterMs: config.giveUpAfter,
    stop,
    ...RETRY_CLOCK,
    onRetry: (_what, failure) => log.warn({ code: failure.code }, `${failure.message}; trying again`),
  };
}

function retryOf(ctx: Context, stopsFirst: boolean): Retry {
  return retrying({ ...retryingOf(ctx), stopsFirst });
}

/** For single statements. One that has failed for all that time ends the command: nothing repeats it once more. */
export function statementsAgain(ctx: Context, { embedded }: Pick<OpenedTarget, 'embedded'>): Again {
  const retry = retryOf(ctx, false);
  return async (what, ask, mayRepeat) => {
    let failingSinceMs: number | null = null;
    try {
      return await retry(
        what,
        async () => {
          // A server of our own that is gone comes back by our doing only.
          if (failingSinceMs !== null) await embedded?.ensure();
          failingSinceMs ??= performance.now();
          return ask();
        },
        mayRepeat,
      );
    } catch (error) {
      const failingMs = performance.now() - (failingSinceMs ?? performance.now());
      if (!(error instanceof FailureError) || error.failure.kind === 'terminal') throw error;
      if (failingMs <= ctx.config.giveUpAfter) throw error;
      throw new ExitError(
        EXIT.unavailable,
        `the target was unavailable for longer than --give-up-after allows: ${error.message}`,
        'check CLICKHOUSE_URL and that the server is up; nothing is lost: run the same command to continue',
      );
    }
  };
}

/**
 * A whole step, verify, promote or rebuild-pnl, once more from its start: a statement that must not be sent twice has failed in
 * passing. Only for steps that a crash may interrupt anywhere.
 */
export function stepAgain<T>(ctx: Context, what: string, step: () => Promise<T>): Promise<T> {
  return retryOf(ctx, true)(what, step);
}
