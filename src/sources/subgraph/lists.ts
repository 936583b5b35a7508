/**
 * Whole lists of entities, read completely and in parallel: each list begins with one page; where that is full, the
 * rest is estimated from its density and cut into ranges, each paged by `id_gt`. Two ranges, of whichever lists,
 * travel in each request.
 */
import { type FailureCode, FailureError, failed } from '../../core/failure.js';
import type { Retry } from '../../net/retry.js';
import type { Data, Document, SourceClient } from './client.js';
import type { KeySpace } from './key-spaces.js';

export const noRetry: Retry = (_what, attempt) => attempt();

export interface ListSpec {
  /** The root field: `orderbooks`. */
  readonly entity: string;
  /** Fields beside `id`. */
  readonly fields: string;
  /** Further conditions on every row, or none. That rows meet them is for the list's sink to see. */
  readonly filters?: readonly { readonly condition: string; readonly type: string; readonly value: unknown }[];
  readonly keys: KeySpace;
}

export interface ListOptions {
  readonly block: number | null;
  readonly retry?: Retry;
  readonly signal?: AbortSignal;
  /** Requests at once, at most; the rate limit is the client's. */
  readonly concurrency?: number;
  readonly pageRows?: number;
  /** After each request: rows it brought. */
  readonly onPage?: (rows: number) => void;
}

export interface ListRow {
  readonly id: string;
  readonly [field: string]: unknown;
}

/**
 * Reads the rows of one page and returns what takes them. Throws FailureError for a bad row, which is retried like a
 * bad page; nothing has been taken then. Ids ascend within a page, pages come in no order.
 */
export type ListSink = (rows: readonly ListRow[]) => () => void;

const PAGE_ROWS = 1000;
const MAX_RANGES = 32;
/** Pages of a range: fewer would waste its last one, more would take longer than the others. */
const RANGE_PAGES = 8;

interface ListLane {
  readonly list: number;
  readonly after: string | null;
  readonly from: string | null;
  readonly to: string | null;
}

export interface ListsRead {
  readonly requests: number;
  readonly rows: number;
}

/** Reads the lists to their ends; `sinks[i]` takes the rows of `specs[i]`. Throws FailureError. */
export async function readLists(
  client: SourceClient,
  specs: readonly ListSpec[],
  sinks: readonly ListSink[],
  options: ListOptions,
): Promise<ListsRead> {
  const reader = new ListReader(client, specs, sinks, options);
  await reader.run();
  return { requests: reader.requests, rows: reader.rows };
}

class ListReader {
  requests = 0;
  rows = 0;
  readonly #queue: ListLane[];
  #pageRows: number;
  #active = 0;
  #failure: unknown = null;

  constructor(
    private readonly client: SourceClient,
    private readonly specs: readonly ListSpec[],
    private readonly sinks: readonly ListSink[],
    private readonly options: ListOptions,
  ) {
    this.#queue = specs.map((_, list) => ({ list, after: null, from: null, to: null }));
    this.#pageRows = options.pageRows ?? PAGE_ROWS;
  }

  run(): Promise<void> {
    const concurrency = this.options.concurrency ?? MAX_RANGES;
    return new Promise((resolve, reject) => {
      const step = () => {
        // A single lane waits while others are out: what they bring back fills its request.
        while (
          this.#failure === null &&
          this.#active < concurrency &&
          (this.#queue.length >= 2 || (this.#queue.length === 1 && this.#active === 0))
        ) {
          const lanes = this.#queue.splice(0, 2);
          this.#active++;
          this.#page(lanes)
            .catch((error: unknown) => {
              this.#failure ??= error;
            })
            .finally(() => {
              this.#active--;
              step();
            });
        }
        if (this.#active > 0) return;
        if (this.#failure !== null) reject(this.#failure as Error);
        else resolve();
      };
      step();
    });
  }

  async #page(lanes: readonly ListLane[]): Promise<void> {
    let pageRows = this.#pageRows;
    const what = lanes.map(({ list }) => (this.specs[list] as ListSpec).entity).join(' and ');
    const pages = await (this.options.retry ?? noRetry)(what, async () => {
      this.requests++;
      pageRows = this.#pageRows;
      const query = listQuery(lanes, this.specs, this.options.block, pageRows);
      const data = await this.#ask(query.document, query.variables, pageRows);
      return lanes.map((lane, i) => {
        const rows = readPage(what, lane, data[`lane${i}`], pageRows);
        return { rows, take: (this.sinks[lane.list] as ListSink)(rows) };
      });
    });
    for (const [i, { rows, take }] of pages.entries()) {
      const lane = lanes[i] as ListLane;
      take();
      this.rows += rows.length;
      if (rows.length >= pageRows) this.#queue.push(...this.#rest(lane, (rows.at(-1) as ListRow).id));
    }
    this.options.onPage?.(pages.reduce((sum, { rows }) => sum + rows.length, 0));
  }

  /** A source that cannot answer in time is asked for less from then on. */
  async #ask(document: Document, variables: Readonly<Record<string, unknown>>, pageRows: number): Promise<Data> {
    try {
      return await this.client.request(document, variables, this.options.signal);
    } catch (error) {
      // Others that were out at the same size say nothing new.
      if (isTooSlow(error) && this.#pageRows === pageRows) this.#pageRows = smallerPage(pageRows);
      throw error;
    }
  }

  /** After a list's first page the rest is cut into ranges; after any other one the range goes on. */
  #rest(lane: ListLane, last: string): ListLane[] {
    if (lane.after !== null || lane.from !== null || lane.to !== null) return [{ ...lane, after: last }];
    const { keys } = this.specs[lane.list] as ListSpec;
    const read = keys.shareBefore(last);
    const pages = read > 0 ? (1 - read) / read : 1;
    const parts = Math.min(MAX_RANGES, Math.max(1, Math.ceil(pages / RANGE_PAGES)));
    const rest: ListLane[] = [];
    let [after, from]: [string | null, string | null] = [last, null];
    for (let i = 1; i < parts; i++) {
      const bound = keys.bound(read + ((1 - read) * i) / parts);
      if (bound === null || bound <= (from ?? last)) continue;
      rest.push({ list: lane.list, after, from, to: bound });
      [after, from] = [null, bound];
    }
    return [...rest, { list: lane.list, after, from, to: null }];
  }
}

const TOO_SLOW = new Set<FailureCode>(['statement_timeout', 'query_timeout', 'deadline']);
const LEAST_PAGE_ROWS = 50;

export function isTooSlow(error: unknown): boolean {
  return error instanceof FailureError && TOO_SLOW.has(error.failure.code);
}

export function smallerPage(rows: number): number {
  return Math.max(Math.min(rows, LEAST_PAGE_ROWS), Math.floor(rows / 2));
}

/** By hand: zod copies every row, 1 µs each, and verify reads millions. */
function isListOfRows(value: unknown): value is ListRow[] {
  return Array.isArray(value) && value.every((row) => typeof (row as ListRow | null)?.id === 'string');
}

function readPage(what: string, lane: ListLane, value: unknown, pageRows: number): ListRow[] {
  if (!isListOfRows(value)) throw failed('transient', 'bad_page', `a page of ${what} that is no list of rows with ids`);
  const rows = value;
  if (rows.length > pageRows)
    throw failed('transient', 'bad_page', `${rows.length} ${what} where ${pageRows} were asked for`);
  let last = lane.after;
  for (const { id } of rows) {
    const inside = (lane.from === null || id >= lane.from) && (lane.to === null || id < lane.to);
    if (!inside || (last !== null && id <= last)) {
      throw failed('transient', 'bad_page', `a page of ${what} with id ${id} out of order or range`);
    }
    last = id;
  }
  return rows;
}

const documents = new Map<string, Document>();

function listQuery(lanes: readonly ListLane[], specs: readonly ListSpec[], block: number | null, pageRows: number) {
  const declared = ['$first: Int!'];
  const variables: Record<string, unknown> = { first: pageRows };
  if (block !== null) {
    declared.push('$block: Int!');
    variables.block = block;
  }
  const at = block === null ? '' : ', block: {number: $block}';
  const fields = lanes.map(({ list, after, from, to }, i) => {
    const { entity, fields: selected, filters = [] } = specs[list] as ListSpec;
    const where: string[] = [];
    const add = (condition: string, name: string, type: string, value: unknown) => {
      where.push(`${condition}: $${name}${i}`);
      declared.push(`$${name}${i}: ${type}`);
      variables[`${name}${i}`] = value;
    };
    for (const [k, filter] of filters.entries()) add(filter.condition, `value${k}_`, filter.type, filter.value);
    if (after !== null) add('id_gt', 'after', 'ID!', after);
    else if (from !== null) add('id_gte', 'from', 'ID!', from);
    if (to !== null) add('id_lt', 'to', 'ID!', to);
    const conditions = where.length === 0 ? '' : `where: {${where.join(', ')}}, `;
    const order = `${conditions}orderBy: id, orderDirection: asc, first: $first${at}`;
    return `  lane${i}: ${entity}(${order}) { id ${selected} }`;
  });
  const text = `query (${declared.join(', ')}) {\n${fields.join('\n')}\n}`;
  let document = documents.get(text);
  if (document === undefined) {
    document = { text, keys: lanes.map((_, i) => `lane${i}`) };
    documents.set(text, document);
  }
  return { document, variables };
}
