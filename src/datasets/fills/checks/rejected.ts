import { readFileSync } from 'node:fs';
import { laneKey } from './count-source.js';

/** Rejected rows: fills that the source counts and that staging lacks for a known reason. */
export interface RejectedRows {
  /** Entity ids, of all that name one. */
  readonly ids: ReadonlySet<string>;
  /** By `token side`. */
  readonly lanes: ReadonlyMap<string, { readonly rows: number; readonly micros: bigint | null }>;
  /** Transactions that lack a fill, hex without 0x. */
  readonly transactions: readonly string[];
}

export const NONE_REJECTED: RejectedRows = { ids: new Set(), lanes: new Map(), transactions: [] };

/**
 * Reads `rejected.ndjson`. A row that is rejected in every attempt stands there more than once, hence by id. Amounts that
 * cannot be read leave the volume of their lane unknown (null); rows that name no token are left out.
 */
export function readRejected(path: string): RejectedRows {
  let text: string;
  try {
    text = readFileSync(path, 'utf8');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return NONE_REJECTED;
    throw error;
  }
  const seen = new Set<string>();
  const transactions = new Set<string>();
  const lanes = new Map<string, { rows: number; micros: bigint | null }>();
  for (const line of text.split('\n')) {
    const row = parse(line);
    const id = typeof row?.id === 'string' ? row.id : line;
    if (row === null || seen.has(id)) continue;
    seen.add(id);
    const transaction = /^0x([0-9a-f]{64})_/i.exec(id)?.[1];
    if (transaction !== undefined) transactions.add(transaction.toLowerCase());
    const buy = row.makerAssetId === '0';
    const token = buy ? row.takerAssetId : row.makerAssetId;
    if (typeof token !== 'string' || !/^\d{1,78}$/.test(token)) continue;
    const amount = buy ? row.makerAmountFilled : row.takerAmountFilled;
    const micros = typeof amount === 'string' && /^-?\d+$/.test(amount) ? BigInt(amount) : null;
    const key = laneKey(token, buy ? 'buy' : 'sell');
    const before = lanes.get(key) ?? { rows: 0, micros: 0n };
    lanes.set(key, {
      rows: before.rows + 1,
      micros: before.micros === null || micros === null ? null : before.micros + micros,
    });
  }
  return { ids: seen, lanes, transactions: [...transactions] };
}

function parse(line: string): Record<string, unknown> | null {
  try {
    const value = JSON.parse(line) as { row?: unknown };
    return typeof value.row === 'object' ? (value.row as Record<string, unknown>) : null;
  } catch {
    // The last line of a file whose writer was killed.
    return null;
  }
}
