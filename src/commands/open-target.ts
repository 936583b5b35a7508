import type { Context } from '../context.js';
import { retrying } from '../load/retrying.js';
import { pause } from '../pause.js';
import { type OpenedTarget, openTargetOrEmbedded } from '../target/open.js';
import { type Again, patientTarget } from '../target/patient.js';
import type { Target } from '../target/target.js';

/** Opens the target that the options name, embedded or remote, and pushes its release. */
export async function openTargetOf(ctx: Context): Promise<OpenedTarget> {
  const { config } = ctx;
  const opened = await openTargetOrEmbedded(
    {
      ...(config.clickhouseUrl === undefined ? {} : { url: config.clickhouseUrl }),
      username: config.clickhouseUser,
      password: config.clickhousePassword,
      database: config.database,
      requestTimeoutMs: config.insertTimeout,
      insertMode: config.insertMode,
      maxSockets: Math.min(config.workers, MAX_SOCKETS),
    },
    config.clickhouseDir,
  );
  const { embedded } = opened;
  if (embedded) ctx.releases.push('embedded ClickHouse', () => embedded.close());
  ctx.releases.push('ClickHouse client', () => opened.target.close());
  return { ...opened, target: patientTarget(opened.target, againOf(ctx, opened)) };
}

/** Source and target are waited for alike: `--give-up-after`, by the delays of the retry table. */
function againOf(ctx: Context, { embedded }: OpenedTarget): Again {
  const retry = retrying({
    retryBaseMs: ctx.config.retryBase,
    giveUpAfterMs: ctx.config.giveUpAfter,
    stop: ctx.stop,
    stopsFirst: false,
    nowMs: () => performance.now(),
    sleep: pause,
    random: Math.random,
    onRetry: (what, failure) => ctx.log.warn({ code: failure.code }, `${what}: ${failure.message}; trying again`),
  });
  return (what, ask, mayRepeat) => {
    let tries = 0;
    const tryOnce = async () => {
      // A server of our own that is gone comes back by our doing only.
      if (tries++ > 0) await embedded?.ensure();
      return ask();
    };
    return retry(what, tryOnce, mayRepeat);
  };
}

/** Inserts beyond this many at once only queue up in the server. */
const MAX_SOCKETS = 64;

export async function openTargetFor(ctx: Context): Promise<Target> {
  return (await openTargetOf(ctx)).target;
}
