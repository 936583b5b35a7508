/**
 * What a collector has written already: rows that say nothing new are left out. Kept as one number a name (the first 48 bits of a
 * digest), so that 400,000 markets and their outcomes cost tens of megabytes; names that come no longer are forgotten in time.
 */
import { createHash } from 'node:crypto';
import { VenueBatch } from './batch.js';
import type { MarketRow } from './model.js';
import type { VenueParts } from './parts.js';

type Row = Readonly<Record<string, unknown>>;

/** Of each table: what names a row, and the columns that are no news. */
const TABLES = {
  events: { name: ['venue', 'event_id', 'listed'], silent: ['seen_at'] },
  markets: { name: ['venue', 'market_id'], silent: ['seen_at'] },
  prices: { name: ['venue', 'outcome_id', 'origin'], silent: ['at'] },
  books: { name: ['venue', 'outcome_id'], silent: ['at'] },
  trades: { name: ['venue', 'trade_id'], silent: [] },
} as const satisfies Record<string, { readonly name: readonly string[]; readonly silent: readonly string[] }>;
type Table = keyof typeof TABLES;

/** Names kept, all tables together; the ones that were longest without news go first. */
const MAX_NAMES = 2_000_000;

/** A market as it was last shown. */
interface Shown {
  readonly venue: string;
  readonly id: string;
  readonly open: boolean;
  readonly traded: boolean;
  readonly closes: string | null;
  readonly round: number;
}

const SETTLED = ['resolved', 'void'];

export class Changes {
  readonly #known = new Map<string, number>();
  /** Unsettled markets, by venue and id. */
  readonly #shown = new Map<string, Shown>();
  #round = 0;

  constructor(private readonly maxNames = MAX_NAMES) {}

  get size(): number {
    return this.#known.size;
  }

  /** A round begins: what is not shown in it has left the lists. */
  begin(): void {
    this.#round++;
  }

  knows(venue: string, marketId: string): boolean {
    return this.#shown.has(`${venue} ${marketId}`);
  }

  /** Unsettled markets that this round has not shown; `which` as in `VenueParts.askAfterDelta`. `now` is a time of rows. */
  unseen(venue: string, which: VenueParts['askAfterDelta'], now: string): string[] {
    const gone = [...this.#shown.values()].filter((market) => market.venue === venue && market.round < this.#round);
    const due = (market: Shown) => market.traded || (market.closes !== null && market.closes < now);
    const asked = { all: () => true, open: (market: Shown) => market.open, 'traded or due': due }[which];
    return gone.filter(asked).map(({ id }) => id);
  }

  #show(rows: readonly MarketRow[]): void {
    for (const { venue, market_id: id, status, volume_24h, close_time: closes } of rows) {
      const name = `${venue} ${id}`;
      const traded = volume_24h !== null && volume_24h !== '0';
      if (SETTLED.includes(status)) this.#shown.delete(name);
      else this.#shown.set(name, { venue, id, open: status === 'open', traded, closes, round: this.#round });
    }
  }

  /** The batch without what is known. */
  only(batch: VenueBatch): VenueBatch {
    this.#show(batch.silver.markets);
    const news = new VenueBatch();
    news.bronze.push(...batch.bronze.filter((row) => this.#isNews(bronzeName(row), numberOf(row.hash))));
    for (const table of Object.keys(TABLES) as Table[]) {
      const rows = batch.silver[table] as readonly object[];
      const fresh = rows.filter((row) => this.#isNews(nameOf(table, row as Row), contentOf(table, row as Row)));
      (news.silver[table] as object[]).push(...fresh);
    }
    news.anomalies.push(...batch.anomalies.filter((row) => this.#isNews(anomalyName(row), 0)));
    return news;
  }

  /** Called when all rows of the batch are acknowledged. */
  written(batch: VenueBatch): void {
    for (const row of batch.bronze) this.#keep(bronzeName(row), numberOf(row.hash));
    for (const table of Object.keys(TABLES) as Table[]) {
      for (const row of batch.silver[table])
        this.#keep(nameOf(table, row as unknown as Row), contentOf(table, row as unknown as Row));
    }
    for (const row of batch.anomalies) this.#keep(anomalyName(row), 0);
  }

  #isNews(name: string, value: number): boolean {
    return this.#known.get(name) !== value;
  }

  #keep(name: string, value: number): void {
    // Taken out first, so that the order of the map is the order of the last sight.
    this.#known.delete(name);
    this.#known.set(name, value);
    if (this.#known.size <= this.maxNames) return;
    const [oldest] = this.#known.keys();
    if (oldest !== undefined) this.#known.delete(oldest);
  }
}

function bronzeName(row: { readonly venue: string; readonly endpoint: string; readonly record_id: string }): string {
  return `b ${row.venue} ${row.endpoint} ${row.record_id}`;
}

function anomalyName(row: {
  readonly venue: string;
  readonly kind: string;
  readonly market_id: string;
  readonly detail: string;
}): string {
  return `a ${row.venue} ${row.kind} ${row.market_id} ${row.detail}`;
}

function nameOf(table: Table, row: Row): string {
  return `${table} ${TABLES[table].name.map((column) => String(row[column])).join(' ')}`;
}

function contentOf(table: Table, row: Row): number {
  const silent: readonly string[] = TABLES[table].silent;
  const said = Object.entries(row).filter(([column]) => !silent.includes(column));
  return numberOf(createHash('md5').update(JSON.stringify(said)).digest('hex'));
}

function numberOf(hex: string): number {
  return Number.parseInt(hex.slice(0, 12), 16);
}
