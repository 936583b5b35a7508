import type { Work } from '../clickhouse/heavy.js';
import { preflight } from '../clickhouse/preflight.js';
import { describeTable } from '../clickhouse/schema.js';
import { FILLS_LIVE } from '../clickhouse/tables.js';
import { usageError } from '../core/exit.js';
import { undoneName } from './backups.js';
import { type Lease, withLease } from './lease.js';
import { switchOptions } from './promote-run.js';
import { history, type Promotion, promotionId, type RecordedPromotion, stampOf } from './promotions.js';
import { carryOutAll, finishOpen, type SwitchOptions, uuidsOf } from './switch.js';

export interface RollbackOptions {
  readonly dryRun?: boolean;
  /** Of the target; absent: one is taken for this step alone. */
  readonly lease?: Lease | undefined;
  readonly now?: () => Date;
  readonly afterStep?: SwitchOptions['afterStep'];
}

export interface RolledBack {
  readonly changed: boolean;
  /** The promotion that is taken back. */
  readonly promotion: string;
  /** The run whose rows are live again. */
  readonly run: string | null;
  readonly rows: number;
  readonly from: string;
  /** Where the table that was live is kept. */
  readonly undone: string;
}

/**
 * Puts the table of before the last promotion back, by the same atomic exchange, and keeps the one it replaces. Another
 * rollback goes one promotion further back. Throws ExitError(1) when there is nothing to go back to.
 */
export async function rollback(work: Work, options: RollbackOptions = {}): Promise<RolledBack> {
  const { target, log, signal } = work;
  await preflight(target);
  if (options.dryRun === true) return (await planRollback(work, options)).back;
  return withLease(target, options.lease, { what: 'promote --rollback', log, signal }, async (lease) => {
    const switching = switchOptions(work, lease, options.afterStep);
    await finishOpen(target, switching);
    const { promotion, back } = await planRollback(work, options);
    await carryOutAll(target, [promotion], switching);
    return { ...back, changed: true };
  });
}

/** What would be done, with nothing changed. */
async function planRollback(
  { target }: Work,
  options: RollbackOptions,
): Promise<{ promotion: Promotion; back: RolledBack }> {
  const now = options.now ?? (() => new Date());
  const all = await history(target);
  const top = standing(all).at(-1);
  const liveUuid = (await uuidsOf(target, [FILLS_LIVE])).get(FILLS_LIVE);
  if (top === undefined) throw usageError('there is no promotion to take back');
  if (top.newUuid !== liveUuid) {
    throw usageError(
      `${FILLS_LIVE} is not the table that promotion ${top.id} put there`,
      'somebody exchanged it by other means; the backups are the tables clob_fills_backup_*',
    );
  }
  const backup = top.outgoing === null ? undefined : await describeTable(target, top.outgoing);
  if (top.outgoing === null || top.oldUuid === null || backup?.uuid !== top.oldUuid) {
    throw usageError(
      top.oldUuid === null
        ? `nothing was live before promotion ${top.id} of the run ${top.run}`
        : `the backup ${top.outgoing} of promotion ${top.id} is no longer there`,
      'a rollback goes back as far as there are backups: see --keep-backups',
    );
  }
  const id = promotionId(now(), 'rollback', all.at(-1)?.id);
  const earlier = all.findLast((p) => p.newUuid === top.oldUuid);
  const promotion: Promotion = {
    id,
    action: 'rollback',
    run: earlier?.run ?? '',
    rows: Number(backup.rows),
    checksum: '',
    live: FILLS_LIVE,
    incoming: top.outgoing,
    outgoing: undoneName(FILLS_LIVE, stampOf(id)),
    newUuid: top.oldUuid,
    oldUuid: top.newUuid,
    selection: earlier?.selection,
  };
  const back: RolledBack = {
    changed: false,
    promotion: top.id,
    run: promotion.run === '' ? null : promotion.run,
    rows: promotion.rows,
    from: top.outgoing,
    undone: promotion.outgoing as string,
  };
  return { promotion, back };
}

/** Promotions of fills that have not been taken back, oldest first: a rollback removes the last of them. */
export function standing(all: readonly RecordedPromotion[]): RecordedPromotion[] {
  const stack: RecordedPromotion[] = [];
  for (const promotion of all) {
    if (promotion.outcome !== 'done') continue;
    if (promotion.action === 'promote') stack.push(promotion);
    if (promotion.action === 'rollback') stack.pop();
  }
  return stack;
}
