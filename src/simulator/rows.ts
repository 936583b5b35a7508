/** Filtering, ordering and writing entities that are given as objects: the long way, which any question can take. */
import type { FillPage } from './execute.js';
import { comparison, type Filter, predicateOf } from './filters.js';
import type { JsonWriter } from './json-writer.js';
import type { ColumnType, Entity } from './schema.js';
import { lowerBound } from './search.js';
import { type Counters, compareText, type Table } from './universe.js';

/** Ties of another column are broken by id, in the same direction. */
export function writeSorted<Row extends object>(
  rows: Iterable<Row>,
  entity: Entity,
  page: FillPage,
  out: JsonWriter,
): number {
  const keep = predicateOf(page.filter, entity) as (row: Row) => boolean;
  const kept: Row[] = [];
  for (const row of rows) if (keep(row)) kept.push(row);
  const column = page.orderBy as keyof Row;
  const compare = comparison(entity.columns[page.orderBy] as ColumnType);
  const sign = page.descending ? -1 : 1;
  kept.sort(
    (a, b) => sign * (compare(a[column], b[column]) || compareText((a as { id: string }).id, (b as { id: string }).id)),
  );
  const writer = new RowWriter(entity, page.columns);
  const end = Math.min(kept.length, page.skip + page.first);
  for (let i = page.skip; i < end; i++) writer.write(kept[i] as Row, i > page.skip, out);
  return Math.max(0, end - page.skip);
}

/** Rows that lie in the order of their ids: only those between the bounds are made. */
export function writeTable<Row extends object>(
  table: Table<Row>,
  entity: Entity,
  page: FillPage,
  out: JsonWriter,
): number {
  if (page.orderBy !== 'id' || page.descending) return writeSorted(rowsOf(table), entity, page, out);
  const keep = predicateOf(page.filter, entity) as (row: Row) => boolean;
  const writer = new RowWriter(entity, page.columns);
  let skipped = 0;
  let rows = 0;
  let high: string | undefined;
  for (const clause of page.filter) {
    if (
      !('any' in clause) &&
      clause.column === 'id' &&
      (clause.operator === '_lt' || clause.operator === '_lte' || clause.operator === '')
    ) {
      const text = String(clause.value);
      if (high === undefined || text < high) high = text;
    }
  }
  for (let i = startOf(table, page.filter); i < table.size && rows < page.first; i++) {
    if (high !== undefined && table.id(i) > high) break;
    const row = table.row(i);
    if (!keep(row)) continue;
    if (skipped < page.skip) {
      skipped++;
      continue;
    }
    writer.write(row, rows > 0, out);
    rows++;
  }
  return rows;
}

/** The first row that the filter's lower bounds on id allow. */
function startOf(table: Table<unknown>, filter: Filter): number {
  let low = '';
  for (const clause of filter) {
    if ('any' in clause || clause.column !== 'id') continue;
    if (clause.operator === '_gt' || clause.operator === '_gte' || clause.operator === '') {
      const text = String(clause.value);
      if (text > low) low = text;
    }
  }
  return lowerBound(table.size, (at) => table.id(at) < low);
}

function* rowsOf<Row>(table: Table<Row>): Iterable<Row> {
  for (let i = 0; i < table.size; i++) yield table.row(i);
}

export function mapTable<From, To>(table: Table<From>, map: (row: From) => To): Table<To> {
  return { size: table.size, id: (index) => table.id(index), row: (index) => map(table.row(index)) };
}

/** The counters as the subgraph's Orderbook entity shows them. */
export function orderbookOf({ token, buys, sells, buyVolume, sellVolume }: Counters): Record<string, string> {
  const volume = buyVolume + sellVolume;
  return {
    id: token,
    tradesQuantity: String(buys + sells),
    buysQuantity: String(buys),
    sellsQuantity: String(sells),
    collateralVolume: String(volume),
    scaledCollateralVolume: scaled(volume),
    collateralBuyVolume: String(buyVolume),
    scaledCollateralBuyVolume: scaled(buyVolume),
    collateralSellVolume: String(sellVolume),
    scaledCollateralSellVolume: scaled(sellVolume),
  };
}

/** Micro-USDC as a BigDecimal: no trailing zeros. */
function scaled(micros: bigint): string {
  const sign = micros < 0n ? '-' : '';
  const digits = (micros < 0n ? -micros : micros).toString().padStart(7, '0');
  const fraction = digits.slice(-6).replace(/0+$/, '');
  return `${sign}${digits.slice(0, -6)}${fraction ? `.${fraction}` : ''}`;
}

class RowWriter {
  readonly #fields: { readonly prefix: string; readonly column: string }[];

  constructor(
    readonly entity: Entity,
    columns: FillPage['columns'],
  ) {
    this.#fields = columns.map(([key, column], i) => ({
      prefix: `${i === 0 ? '{' : ','}${JSON.stringify(key)}:`,
      column,
    }));
  }

  write(row: object, separated: boolean, out: JsonWriter): void {
    let text = separated ? ',' : '';
    for (const { prefix, column } of this.#fields) {
      const value = column === '__typename' ? this.entity.type : (row as Record<string, unknown>)[column];
      text += prefix + JSON.stringify(value);
    }
    out.text(`${text}}`);
  }
}
