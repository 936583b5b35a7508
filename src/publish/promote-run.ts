import type { Work } from '../clickhouse/heavy.js';
import { describeTable } from '../clickhouse/schema.js';
import { stagingOwner } from '../clickhouse/staging.js';
import { FILLS_LIVE, FILLS_STAGING } from '../clickhouse/tables.js';
import { EXIT, ExitError, usageError } from '../core/exit.js';
import { checksum } from '../datasets/fills/checks/rows-gates.js';
import type { FoundRun } from '../run/run-folder.js';
import { backupName, listBackups, pruneBackups } from './backups.js';
import { promotePreflight } from './preflight.js';
import { failures } from './print.js';
import { history, type Promotion, promotionId, stamp } from './promotions.js';
import { carryOut, finishOpen, type SwitchOptions, uuidsOf } from './switch.js';
import { readVerdict, type Verdict, whyStale } from './verdict.js';

export interface PromoteOptions {
  readonly found: FoundRun;
  /** Called when the run has no fresh verdict. */
  readonly verify: () => Promise<Verdict>;
  readonly keepBackups: number;
  readonly acceptRejected: number;
  readonly dryRun?: boolean;
  readonly now?: () => Date;
  readonly afterStep?: SwitchOptions['afterStep'];
}

export interface Promoted {
  readonly run: string;
  /** False: this run's table was live already, or it was a dry run. */
  readonly changed: boolean;
  readonly rows: number;
  /** Of the table that was live before; null when there was none. */
  readonly oldRows: number | null;
  readonly backup: string | null;
  readonly dropped: readonly string[];
  readonly remarks: readonly string[];
  /** How long the exchange itself took, milliseconds. */
  readonly switchMs: number;
  readonly verdict: Verdict | null;
}

/**
 * Puts the run's verified staging table in the place of live, by one atomic exchange, and keeps the old one as a backup. What
 * an earlier, killed promotion left open is finished or undone first. The caller holds the run's lock.
 * Throws ExitError(3) when the run does not pass verify, ExitError(1) when the target cannot do it.
 */
export async function promoteRun(work: Work, options: PromoteOptions): Promise<Promoted> {
  const { target, log } = work;
  const { found, dryRun = false } = options;
  const run = found.folder.id;
  const now = options.now ?? (() => new Date());
  const switching = switchOptions(work, options.afterStep);
  if (!dryRun) await finishOpen(target, switching);

  const staging = await stagingOwner(target, FILLS_STAGING);
  if (staging?.owner !== run) return alreadyLive(work, run, staging?.owner);
  const remarks = await promotePreflight(target, FILLS_STAGING, FILLS_LIVE);

  const stored = readVerdict(found.folder);
  const checkpoint = found.folder.readCheckpoint() ?? found.checkpoint;
  const why =
    stored === null
      ? 'there is no verdict yet'
      : await whyStale(work, stored, FILLS_STAGING, {
          rejected: checkpoint.rejected,
          acceptRejected: options.acceptRejected,
        });
  if (dryRun) {
    const live = await describeTable(target, FILLS_LIVE);
    return {
      run,
      changed: false,
      rows: Number(staging.rows),
      oldRows: live === undefined ? null : Number(live.rows),
      backup: live === undefined ? null : backupName(FILLS_LIVE, stamp(now())),
      dropped: (await listBackups(target, FILLS_LIVE)).slice(
        Math.max(0, options.keepBackups - (live === undefined ? 0 : 1)),
      ),
      remarks: [...remarks, why === null ? `verified at ${stored?.at}` : `verify would run first: ${why}`],
      switchMs: 0,
      verdict: why === null ? stored : null,
    };
  }
  if (why !== null) log.info(`verifying before the promotion: ${why}`);
  const verdict = stored !== null && why === null ? stored : await options.verify();
  if (!verdict.passed) {
    throw new ExitError(
      EXIT.gateFailed,
      `run ${run} is not promoted, verify failed: ${failures(verdict.gates)}`,
      'live is as it was; `backfill verify` shows what to do',
    );
  }
  return exchange(work, verdict, remarks, options, now);
}

async function exchange(
  work: Work,
  verdict: Verdict,
  remarks: string[],
  options: PromoteOptions,
  now: () => Date,
): Promise<Promoted> {
  const { target } = work;
  const live = await describeTable(target, FILLS_LIVE);
  const oldRows = live === undefined ? null : Number(live.rows);
  if (oldRows !== null && oldRows > verdict.rows) {
    remarks.push(`live had ${oldRows} rows, now it has ${verdict.rows}: fewer`);
  }
  const last = (await history(target)).at(-1)?.id;
  const promotion: Promotion = {
    id: promotionId(now(), 'promote', last),
    action: 'promote',
    run: verdict.run,
    rows: verdict.rows,
    checksum: verdict.checksum,
    live: FILLS_LIVE,
    incoming: FILLS_STAGING,
    outgoing: live === undefined ? null : backupName(FILLS_LIVE, stamp(now())),
    newUuid: verdict.uuid,
    oldUuid: live?.uuid ?? null,
  };
  let recordedAt = 0;
  let switchMs = 0;
  const switching = switchOptions(work, async (step, of) => {
    if (step === 'recorded') recordedAt = Date.now();
    if (step === 'exchanged') switchMs = Date.now() - recordedAt;
    await options.afterStep?.(step, of);
  });
  const [outcome] = await carryOut(target, [promotion], switching);
  if (outcome !== 'done') {
    throw new ExitError(
      EXIT.gateFailed,
      `run ${verdict.run} is not promoted: ${FILLS_STAGING} changed while it was being promoted`,
      'live is as it was; find out what writes to the table, then run the command again',
    );
  }
  const dropped = await pruneBackups(target, FILLS_LIVE, options.keepBackups);
  const { rows, run } = verdict;
  return { run, changed: true, rows, oldRows, backup: promotion.outgoing, dropped, remarks, switchMs, verdict };
}

/** What went live must be what was verified: compared once more when it is there. */
export function switchOptions(work: Work, afterStep?: SwitchOptions['afterStep']): SwitchOptions {
  return {
    log: work.log,
    stillVerified: async (promotion) => {
      if (promotion.checksum === '') return true;
      const content = await checksum(work, promotion.live);
      return content.rows === promotion.rows && content.checksum === promotion.checksum;
    },
    ...(afterStep === undefined ? {} : { afterStep }),
  };
}

/** The staging table is not this run's: either it went live already, or there is nothing to promote. */
async function alreadyLive(work: Work, run: string, owner: string | undefined): Promise<Promoted> {
  const { target } = work;
  const liveUuid = (await uuidsOf(target, [FILLS_LIVE])).get(FILLS_LIVE);
  const own = (await history(target)).findLast((p) => p.run === run && p.action === 'promote' && p.outcome === 'done');
  if (own === undefined || own.newUuid !== liveUuid) {
    throw usageError(
      owner === undefined
        ? `there is no table ${FILLS_STAGING}${own === undefined ? '' : ', and the promotion of this run was followed by another'}: nothing to promote`
        : `${FILLS_STAGING} belongs to the run ${owner}, not to ${run}`,
      owner === undefined ? 'run `backfill fills`' : `promote that run with --run ${owner}`,
    );
  }
  return {
    run,
    changed: false,
    rows: own.rows,
    oldRows: null,
    backup: own.outgoing,
    dropped: [],
    remarks: [`run ${run} is live already, by promotion ${own.id}`],
    switchMs: 0,
    verdict: null,
  };
}
