/** Rows of the small tables, in the source's own words: ids and integers as strings, `null` where something is not known. */
import { loadSql } from './sql.js';
import type { Target } from './target.js';

export interface OutcomeTokenRow {
  /** Decimal. */
  readonly token_id: string;
  /** `0x` and 64 hex digits. */
  readonly condition_id: string | null;
  readonly outcome_index: number | null;
  readonly payout_numerator: string;
  /** `0`: unresolved. */
  readonly payout_denominator: string;
  /** How the token is known: see `sql/schema/outcome_tokens.sql`. */
  readonly source: 'pnl' | 'orderbook' | 'counts';
}

export interface MarketRow {
  /** `0x` and 64 hex digits. */
  readonly condition_id: string;
  readonly question: string;
  readonly slug: string;
  /** USDC with decimals. */
  readonly volume: string | null;
  /** ISO 8601. */
  readonly start_date: string | null;
  readonly end_date: string | null;
  readonly outcomes: readonly string[];
  readonly neg_risk: boolean | null;
  readonly tokens: readonly string[];
}

export interface SourceCountRow {
  readonly run: string;
  readonly token_id: string;
  readonly buys: string;
  readonly sells: string;
  /** Micro-USDC. */
  readonly buy_micros: string;
  readonly sell_micros: string;
}

export async function insertOutcomeTokens(target: Target, rows: readonly OutcomeTokenRow[]): Promise<void> {
  await insertInParts(target, 'outcome_tokens', rows);
}

export async function insertMarkets(target: Target, rows: readonly MarketRow[]): Promise<void> {
  await insertInParts(target, 'markets', rows);
}

export async function insertSourceCounts(target: Target, rows: readonly SourceCountRow[]): Promise<void> {
  await insertInParts(target, 'source_counts', rows);
}

/** Bounds the text held in memory. Parts may be repeated: the tables collapse rows of one key. */
const ROWS_PER_INSERT = 20_000;

async function insertInParts(target: Target, table: string, rows: readonly object[]): Promise<void> {
  const sql = loadSql(`schema/insert_${table}`);
  for (let from = 0; from < rows.length; from += ROWS_PER_INSERT) {
    const part = rows.slice(from, from + ROWS_PER_INSERT);
    const body = part.map((row) => JSON.stringify(row)).join('\n');
    await target.insertBody(sql, body, { purpose: `writing ${table}` });
  }
}
