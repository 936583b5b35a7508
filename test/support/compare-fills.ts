import { quoteIdentifier } from '../../src/clickhouse/sql.js';
import type { Target } from '../../src/clickhouse/target.js';
import { allFills, isBuy, tokenOf } from '../../src/simulator/truth.js';
import type { Fill, Universe } from '../../src/simulator/universe.js';

export interface Comparison {
  /** Rows of the table after the collapse. */
  readonly rows: number;
  /** One line for everything that differs, the first of each kind in full; empty when table and truth are the same. */
  readonly problems: readonly string[];
}

export interface ComparedTable {
  readonly table?: string;
  /** Of the universe, only these fills belong into the table. */
  readonly only?: (fill: Fill) => boolean;
  readonly block?: number;
}

/**
 * Every fill of the truth against every row of the table, in both directions and all columns, as the table stands after the
 * collapse; and that the collapse leaves each (transaction, order) once.
 */
export async function compareFills(
  target: Target,
  universe: Universe,
  options: ComparedTable = {},
): Promise<Comparison> {
  const { table = 'clob_fills_staging', only = () => true } = options;
  const truth = allFills(universe, options.block).filter(only);
  const from = `${quoteIdentifier(table)} FINAL`;
  const stored = await target.query<{ id: string; line: string }>(
    `SELECT concat('0x', lower(hex(tx_hash)), '_0x', lower(hex(order_hash))) AS id,
            concatWithSeparator(' ', toString(toUnixTimestamp(block_time)), concat('0x', lower(hex(wallet))),
              concat('0x', lower(hex(counterparty))), toString(token_id), toString(side),
              toString(reinterpretAsInt64(shares)), toString(reinterpretAsInt64(usdc)), toString(reinterpretAsInt64(fee))) AS line
     FROM ${from}`,
  );
  const [counts] = await target.query<{ rows: string; pairs: string }>(
    `SELECT count() AS rows, uniqExact(tx_hash, order_hash) AS pairs FROM ${from}`,
  );
  const problems: string[] = [];
  if (counts?.rows !== counts?.pairs) problems.push(`${counts?.rows} rows of ${counts?.pairs} fills`);
  const byId = new Map(stored.map(({ id, line }) => [id, line]));
  const lost = truth.filter(({ id }) => !byId.has(id));
  const known = new Set(truth.map(({ id }) => id));
  const foreign = stored.filter(({ id }) => !known.has(id));
  const changed = truth.filter((fill) => byId.has(fill.id) && byId.get(fill.id) !== lineOf(fill));
  if (lost.length > 0) problems.push(`${lost.length} fills lost, the first: ${lost[0]?.id} ${lineOf(lost[0] as Fill)}`);
  if (foreign.length > 0) problems.push(`${foreign.length} rows that are no fills, the first: ${foreign[0]?.id}`);
  const [first] = changed;
  if (first) problems.push(`${changed.length} fills changed, the first: ${lineOf(first)} became ${byId.get(first.id)}`);
  return { rows: stored.length, problems };
}

/** The columns of a fill as facts define them: the wallet is the maker, amounts are micro-units. */
function lineOf(fill: Fill): string {
  const buy = isBuy(fill);
  const [shares, usdc] = buy
    ? [fill.takerAmountFilled, fill.makerAmountFilled]
    : [fill.makerAmountFilled, fill.takerAmountFilled];
  const side = buy ? 'BUY' : 'SELL';
  return [fill.timestamp, fill.maker, fill.taker, tokenOf(fill), side, shares, usdc, fill.fee].join(' ');
}
