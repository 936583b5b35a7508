import type { Work } from '../clickhouse/heavy.js';
import { stagingOwner } from '../clickhouse/staging.js';
import { FILLS_LIVE, FILLS_STAGING } from '../clickhouse/tables.js';
import { EXIT, ExitError, usageError } from '../core/exit.js';
import { failures } from '../report/findings.js';
import type { FoundRun } from '../run/run-folder.js';
import { backupName, dropBackups, listBackups, surplus } from './backups.js';
import { contentOf } from './content.js';
import { type Lease, withLease } from './lease.js';
import { promotePreflight } from './preflight.js';
import { history, type Promotion, promotionId, type RecordedPromotion, stampOf } from './promotions.js';
import { liveSelection, scopeAfterRefresh, whyFewer } from './scope.js';
import { carryOut, finishOpen, type SwitchOptions, uuidsOf } from './switch.js';
import { readVerdict, type Verdict, whyStale } from './verdict.js';

export interface PromoteOptions {
  readonly found: FoundRun;
  /** Called when the run has no fresh verdict. */
  readonly verify: () => Promise<Verdict>;
  readonly keepBackups: number;
  readonly acceptRejected: number;
  /** Whether live may come to hold clearly fewer rows, or another selection, than before. */
  readonly acceptFewer?: boolean;
  /** Of the target; absent: one is taken for this step alone. */
  readonly lease?: Lease | undefined;
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
 * Throws ExitError(3) when the run does not pass verify or covers less than live, ExitError(1) when the target cannot do it.
 */
export async function promoteRun(work: Work, options: PromoteOptions): Promise<Promoted> {
  if (options.dryRun === true) return promoteStaging(work, options, null);
  const { target, log, signal } = work;
  return withLease(target, options.lease, { what: 'promote', log, signal }, async (lease) => {
    await finishOpen(target, switchOptions(work, lease, options.afterStep));
    return promoteStaging(work, options, lease);
  });
}

/** What is live now, and what would come of it. */
interface Outlook {
  readonly history: readonly RecordedPromotion[];
  readonly live: { readonly uuid: string; readonly rows: number } | null;
  /** What the run's table covers. */
  readonly selection: string | null;
  readonly whyFewer: string | null;
  readonly id: string;
  readonly backup: string | null;
}

/** Without a lease: says what would happen. */
async function promoteStaging(work: Work, options: PromoteOptions, lease: Lease | null): Promise<Promoted> {
  const { target, log } = work;
  const { found } = options;
  const run = found.folder.id;
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
  const outlook = await outlookOf(work, options, Number(staging.rows));
  if (outlook.whyFewer !== null && (options.acceptFewer === true || lease === null)) {
    remarks.push(
      `${outlook.whyFewer}${lease === null && options.acceptFewer !== true ? ': --accept-fewer is needed' : ''}`,
    );
  }
  if (lease === null) return wouldPromote(work, options, outlook, { rows: Number(staging.rows), remarks, stored, why });
  if (outlook.whyFewer !== null && options.acceptFewer !== true) {
    throw new ExitError(
      EXIT.gateFailed,
      `run ${run} is not promoted, readers would lose rows: ${outlook.whyFewer}`,
      'live is as it was; if that is what you want, give --accept-fewer; BACKFILL_LIMIT, BACKFILL_MARKETS or BACKFILL_MIN_FILLS may be set in .env',
    );
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
  return exchange(work, lease, verdict, remarks, options, outlook);
}

async function outlookOf({ target }: Work, options: PromoteOptions, rows: number): Promise<Outlook> {
  const { refresh, fingerprint } = options.found.checkpoint;
  const promotions = await history(target);
  const live = await stagingOwner(target, FILLS_LIVE);
  const covered = live === undefined ? null : await liveSelection(target, promotions, live);
  const asked = fingerprint.selection ?? null;
  const selection = refresh ? scopeAfterRefresh(covered, asked) : asked;
  const now = options.now ?? (() => new Date());
  const id = promotionId(now(), 'promote', promotions.at(-1)?.id);
  return {
    history: promotions,
    live: live === undefined ? null : { uuid: live.uuid, rows: Number(live.rows) },
    selection,
    whyFewer:
      live === undefined ? null : whyFewer({ rows: Number(live.rows), selection: covered }, { rows, selection }),
    id,
    backup: live === undefined ? null : backupName(FILLS_LIVE, stampOf(id)),
  };
}

async function wouldPromote(
  { target }: Work,
  options: PromoteOptions,
  { history, live, backup }: Outlook,
  now: { rows: number; remarks: string[]; stored: Verdict | null; why: string | null },
): Promise<Promoted> {
  const { rows, remarks, stored, why } = now;
  const made = backup === null || live === null ? [] : [{ name: backup, rows: live.rows }];
  const backups = [...made, ...(await listBackups(target, FILLS_LIVE, history))];
  return {
    run: options.found.folder.id,
    changed: false,
    rows,
    oldRows: live?.rows ?? null,
    backup,
    dropped: surplus(backups, options.keepBackups, backup, rows),
    remarks: [...remarks, why === null ? `verified at ${stored?.at}` : `verify would run first: ${why}`],
    switchMs: 0,
    verdict: why === null ? stored : null,
  };
}

async function exchange(
  work: Work,
  lease: Lease,
  verdict: Verdict,
  remarks: string[],
  options: PromoteOptions,
  { id, live, backup, selection }: Outlook,
): Promise<Promoted> {
  const { target } = work;
  const promotion: Promotion = {
    id,
    action: 'promote',
    run: verdict.run,
    rows: verdict.rows,
    checksum: verdict.checksum,
    live: FILLS_LIVE,
    incoming: FILLS_STAGING,
    outgoing: backup,
    newUuid: verdict.uuid,
    oldUuid: live?.uuid ?? null,
    ...(selection === null ? {} : { selection }),
  };
  let armedAt = 0;
  let switchMs = 0;
  const switching = switchOptions(work, lease, async (step, of) => {
    if (step === 'armed') armedAt = Date.now();
    if (step === 'exchanged') switchMs = Date.now() - armedAt;
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
  const backups = await listBackups(target, FILLS_LIVE, await history(target));
  const { rows, run } = verdict;
  const pruned = await dropBackups(work, lease, surplus(backups, options.keepBackups, backup, rows));
  return {
    run,
    changed: true,
    rows,
    oldRows: live?.rows ?? null,
    backup,
    dropped: pruned.dropped,
    remarks: [...remarks, ...pruned.remarks],
    switchMs,
    verdict,
  };
}

/** What went live must be what was verified: compared once more when it is there. */
export function switchOptions(work: Work, lease: Lease, afterStep?: SwitchOptions['afterStep']): SwitchOptions {
  return {
    lease,
    log: work.log,
    stillVerified: async (promotion) => {
      if (promotion.checksum === '') return true;
      const content = await contentOf(work, promotion.live);
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
