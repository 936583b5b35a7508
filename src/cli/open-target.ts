import type { Work } from '../clickhouse/heavy.js';
import { type OpenedTarget, openTargetOrEmbedded } from '../clickhouse/open.js';
import { patientTarget } from '../clickhouse/patient.js';
import { ensureDatabase, ensureTables } from '../clickhouse/schema.js';
import { statementsAgain } from './again.js';
import type { Context } from './context.js';

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
  return { ...opened, target: patientTarget(opened.target, statementsAgain(ctx, opened)) };
}

/** Inserts beyond this many at once only queue up in the server. */
const MAX_SOCKETS = 64;

/** Statements over whole tables: on the options' target, its tables made. */
export async function openWork(ctx: Context): Promise<Work> {
  const opened = await openTargetOf(ctx);
  const { target } = opened;
  await ensureDatabase(target);
  await ensureTables(target);
  return workOn(ctx, opened);
}

export function workOn(ctx: Context, { target }: OpenedTarget): Work {
  return { target, maxMemoryMb: ctx.config.maxMemory, log: ctx.log, signal: ctx.stop };
}
