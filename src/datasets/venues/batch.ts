import { createHash } from 'node:crypto';
import type { Batch } from '../../engine/ports.js';
import type { BronzeRecord, Page } from './chain.js';
import { addRows } from './chain.js';
import { type AnomalyRow, noRows, type SilverRows } from './model.js';

export interface BronzeRow extends BronzeRecord {
  readonly hash: string;
  readonly first_seen: string;
  readonly last_seen: string;
}

/** The rows of some pages, for every table that they go to. */
export class VenueBatch implements Batch {
  readonly bronze: BronzeRow[] = [];
  readonly silver: SilverRows = noRows();
  readonly anomalies: AnomalyRow[] = [];
  rows = 0;
  /** Text of the bodies: what the memory and the size of an insert go by. */
  chars = 0;

  add(page: Pick<Page<unknown>, 'bronze' | 'rows' | 'problems'>, seenAt: string): void {
    const seen = seenAt.slice(0, -3);
    for (const record of page.bronze) {
      this.bronze.push({ ...record, hash: hashOf(record.body), first_seen: seen, last_seen: seen });
      this.chars += record.body.length;
    }
    addRows(this.silver, page.rows);
    for (const { venue, endpoint, recordId, message } of page.problems) {
      const detail = `${endpoint}: ${message}`;
      this.anomalies.push({ venue, kind: 'unreadable', market_id: recordId, outcome_id: '', at: seenAt, detail });
    }
    const { events, markets, prices, books, trades } = this.silver;
    this.rows =
      this.bronze.length +
      this.anomalies.length +
      [events, markets, prices, books, trades].reduce((n, t) => n + t.length, 0);
  }
}

/** The content of a record, as bronze tells contents apart. */
export function hashOf(body: string): string {
  return createHash('sha256').update(body).digest('hex').slice(0, 32);
}
