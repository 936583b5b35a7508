import { loadSql } from '../clickhouse/sql.js';
import type { Target } from '../clickhouse/target.js';
import { whoAmI } from './lease-holder.js';

/** One exchange of a live table, as the table `promotions` keeps it: a row before it and a row after it. */
export interface Promotion {
  readonly id: string;
  readonly action: 'promote' | 'rollback' | 'rebuild-pnl' | 'migrate';
  readonly run: string;
  /** Of the table that goes live; an empty checksum is not checked. */
  readonly rows: number;
  readonly checksum: string;
  readonly live: string;
  /** Where the new table stands before, and the old one for a moment after, the exchange. */
  readonly incoming: string;
  /** Where the old table is kept; null: it is dropped once its replacement is live. */
  readonly outgoing: string | null;
  readonly newUuid: string;
  /** Null when there is no live table yet. */
  readonly oldUuid: string | null;
  /** Of fills: what the table covers. */
  readonly selection?: string | undefined;
  /** Of P&L: what it was made from. */
  readonly madeFrom?: MadeFrom | undefined;
}

/** The versions of what P&L is derived from, as `derived.ts` reads them. */
export interface MadeFrom {
  readonly fills: string;
  readonly resolutions: string;
}

/** JSON in `promotions.detail`. */
interface Detail {
  readonly outcome?: Outcome;
  readonly selection?: string;
  readonly madeFrom?: MadeFrom;
}

/** `undone`: taken back at once, because the table had changed. `lost`: others have moved the tables meanwhile. */
export type Outcome = 'done' | 'abandoned' | 'undone' | 'lost';

export interface RecordedPromotion extends Promotion {
  /** Null: cut short. */
  readonly outcome: Outcome | null;
}

interface Row {
  readonly promotion: string;
  readonly phase: 'before' | 'after';
  readonly action: Promotion['action'];
  readonly run: string;
  readonly rows: string;
  readonly checksum: string;
  readonly live_table: string;
  readonly staging_table: string;
  readonly backup_table: string;
  readonly old_uuid: string | null;
  readonly new_uuid: string | null;
  readonly detail: string;
}

/** One INSERT: promotions that belong together are recorded together or not at all. */
export async function record(target: Target, promotions: readonly Promotion[], outcome: Outcome | null): Promise<void> {
  const rows = promotions.map((promotion) => ({
    promotion: promotion.id,
    phase: outcome === null ? 'before' : 'after',
    action: promotion.action,
    run: promotion.run,
    rows: promotion.rows,
    checksum: promotion.checksum,
    live_table: promotion.live,
    staging_table: promotion.incoming,
    backup_table: promotion.outgoing ?? '',
    live_uuid: promotion.oldUuid,
    staging_uuid: promotion.newUuid,
    backup_uuid: outcome === 'done' && promotion.outgoing !== null ? promotion.oldUuid : null,
    who: whoAmI(),
    detail: JSON.stringify(detailOf(promotion, outcome)),
  }));
  await target.insertRows('promotions', rows, { insertMode: 'sync' });
}

function detailOf({ selection, madeFrom }: Promotion, outcome: Outcome | null): Detail {
  if (outcome !== null) return { outcome };
  return { ...(selection === undefined ? {} : { selection }), ...(madeFrom === undefined ? {} : { madeFrom }) };
}

/**
 * Every promotion of this database, oldest first. A migration puts a table of equal content in the place of another: promotions
 * before it are told with the uuid that their tables have since.
 */
export async function history(target: Target): Promise<RecordedPromotion[]> {
  const promotions = await readHistory(target);
  const since = new Map<string, string>();
  for (const promotion of promotions.toReversed()) {
    if (promotion.action !== 'migrate' || promotion.outcome !== 'done' || promotion.oldUuid === null) continue;
    since.set(promotion.oldUuid, since.get(promotion.newUuid) ?? promotion.newUuid);
  }
  const now = (uuid: string): string => since.get(uuid) ?? uuid;
  return promotions.map((promotion) =>
    promotion.action === 'migrate'
      ? promotion
      : {
          ...promotion,
          newUuid: now(promotion.newUuid),
          oldUuid: promotion.oldUuid === null ? null : now(promotion.oldUuid),
        },
  );
}

async function readHistory(target: Target): Promise<RecordedPromotion[]> {
  const rows = await target.query<Row>(loadSql('promote/history'));
  const after = new Map(rows.filter((row) => row.phase === 'after').map((row) => [row.promotion, row]));
  return rows
    .filter((row) => row.phase === 'before')
    .map((row) => {
      const end = after.get(row.promotion);
      const { selection, madeFrom } = JSON.parse(row.detail) as Detail;
      return {
        id: row.promotion,
        action: row.action,
        run: row.run,
        rows: Number(row.rows),
        checksum: row.checksum,
        live: row.live_table,
        incoming: row.staging_table,
        outgoing: row.backup_table === '' ? null : row.backup_table,
        newUuid: row.new_uuid ?? '',
        oldUuid: row.old_uuid,
        selection,
        madeFrom,
        outcome: end === undefined ? null : ((JSON.parse(end.detail) as Detail).outcome ?? null),
      };
    });
}

/**
 * Ids sort as the promotions followed each other: `20260131_120000_123-promote`. The time is for people; a clock that stands still
 * or goes back only makes the id follow the last one, `after`, by a millisecond.
 */
export function promotionId(now: Date, action: string, after = ''): string {
  const last = timeOfStamp(after);
  return `${stamp(last === null || now.getTime() > last ? now : new Date(last + 1))}-${action}`;
}

function timeOfStamp(id: string): number | null {
  const [, date, time, ms] = /^(\d{8})_(\d{6})_(\d{3})/.exec(id) ?? [];
  if (date === undefined || time === undefined || ms === undefined) return null;
  const iso = `${date.replace(/(..)(..)$/, '-$1-$2')}T${time.replace(/(..)(..)(..)/, '$1:$2:$3')}.${ms}Z`;
  const at = Date.parse(iso);
  return Number.isNaN(at) ? null : at;
}

/** The part of a promotion's id that its backup is named after. */
export function stampOf(id: string): string {
  return id.slice(0, STAMP_CHARS);
}

const STAMP_CHARS = 'YYYYMMDD_HHMMSS_mmm'.length;

/** `20260131_120000_123` */
export function stamp(at: Date): string {
  return at.toISOString().replace(/[-:]/g, '').replace('T', '_').replace('.', '_').replace('Z', '');
}
