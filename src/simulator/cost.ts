/**
 * What an answer costs the source (`facts/goldsky.md`, *What a page may cost*): rows that lie scattered on its disk are
 * dear, rows in the order of the chain are cheap, and a page of a large token without an upper bound may read all of it.
 */
import type { Lane } from './execute.js';
import { lowerBound } from './search.js';
import { type Selection, selectionOf, type Tokens } from './selection.js';
import type { Counters, Table, Universe } from './universe.js';

export interface CostModel {
  /** A row found through a token's or the id's index. */
  readonly scatteredRowMs: number;
  /** A row found by its time, no token asked for. */
  readonly orderedRowMs: number;
  /** A row found by its time where tokens are asked for as well; as `orderedRowMs` when not given. */
  readonly orderedTokenRowMs?: number;
  /** Each row that an open-ended page of a token reads and throws away; 0: none. */
  readonly discardedRowMs?: number;
  /** A lane that asks `or` over two columns. */
  readonly orMs?: number;
  /** More than this in one answer is a statement timeout. */
  readonly budgetMs?: number;
  /** Pages asked for with more rows than this time out, whatever they hold. */
  readonly maxFirst?: number;
}

export interface Cost {
  readonly ms: number;
  readonly timesOut: boolean;
}

export function costOf(model: CostModel, lanes: readonly Lane[], universe: Universe): Cost {
  let ms = 0;
  let timesOut = false;
  for (const lane of lanes) {
    ms += laneMs(model, lane, universe);
    timesOut ||= lane.page.first > (model.maxFirst ?? Number.POSITIVE_INFINITY);
  }
  return { ms, timesOut: timesOut || ms > (model.budgetMs ?? Number.POSITIVE_INFINITY) };
}

function laneMs(model: CostModel, lane: Lane, universe: Universe): number {
  if (lane.field !== 'orderFilledEvents') return lane.rows * model.orderedRowMs;
  const { filter, orderBy } = lane.page;
  const selection = selectionOf(filter);
  const byTime = selection !== undefined && (orderBy === 'timestamp' || selection.timeHigh < Number.MAX_SAFE_INTEGER);
  const perRow = byTime ? orderedMs(model, selection) : model.scatteredRowMs;
  const openEnded = selection !== undefined && !byTime && selection.idHigh === undefined;
  const discarded =
    openEnded && model.discardedRowMs
      ? Math.max(0, rowsBehind(selection, lane, universe) - lane.rows) * model.discardedRowMs
      : 0;
  const or = filter.some((clause) => 'any' in clause && clause.any.length > 1) ? (model.orMs ?? 0) : 0;
  return lane.rows * perRow + discarded + or;
}

function orderedMs(model: CostModel, { buys, sells }: Selection): number {
  return buys === 'all' || sells === 'all' ? model.orderedRowMs : (model.orderedTokenRowMs ?? model.orderedRowMs);
}

/** About how many fills of the lane's tokens follow its cursor: ids are uniform. */
function rowsBehind(selection: Selection, { page }: Lane, universe: Universe): number {
  const table = universe.counters(page.block);
  const digits = /^0x([0-9a-f]{1,8})/.exec(selection.idLow?.text ?? '')?.[1];
  const passed = digits === undefined ? 0 : Number.parseInt(digits.padEnd(8, '0'), 16) / 0x1_0000_0000;
  const rows = counted(table, selection.buys, (row) => row.buys) + counted(table, selection.sells, (row) => row.sells);
  return rows * (1 - passed);
}

function counted(table: Table<Counters>, tokens: Tokens, of: (row: Counters) => number): number {
  if (tokens === 'all') return 0;
  let rows = 0;
  for (const token of tokens) {
    const at = lowerBound(table.size, (place) => table.id(place) < token);
    if (at < table.size && table.id(at) === token) rows += of(table.row(at));
  }
  return rows;
}
