/** A universe of given events: recorded ones, or whatever a test wants to see served. */
import { readFile } from 'node:fs/promises';
import {
  arrayTable,
  blockOfTime,
  type Condition,
  type Counters,
  ERA,
  FILL_COLUMNS,
  type Fill,
  type MarketData,
  type Table,
  type Universe,
} from './universe.js';

/** An event as it is served, with the block that it happened in where that is known. */
export type RecordedEvent = Fill & { readonly block?: number };

/** A condition in full, or as seen in recorded data: its id and some of its tokens. */
export type RecordedCondition =
  | (Condition & { readonly block?: number; readonly resolvedBlock?: number })
  | { readonly conditionId: string; readonly tokenIdsSeen: readonly string[] };

export interface RecordedOptions {
  readonly events: Iterable<RecordedEvent>;
  readonly conditions?: Iterable<RecordedCondition>;
  /** Counters that differ from what the events add up to, by token. */
  readonly counters?: Iterable<Partial<Counters> & { readonly token: string }>;
  readonly deployment?: string;
  readonly lastBlock?: number;
}

export function createRecordedUniverse(options: RecordedOptions): Universe {
  return new RecordedUniverse(options);
}

interface Known {
  readonly block: number;
  readonly fill: Fill;
}

class RecordedUniverse implements Universe {
  readonly deployment: string;
  readonly firstBlock: number;
  readonly lastBlock: number;
  readonly fillCount: number;
  /** In the order given; an id that comes again replaces the entity, and both count. */
  readonly #events: readonly Known[];
  readonly #conditions: readonly RecordedCondition[];
  readonly #overrides: ReadonlyMap<string, Partial<Counters>>;
  #counters: { block: number; table: Table<Counters> } | undefined;
  #fills: { block: number; rows: readonly Fill[] } | undefined;

  constructor(options: RecordedOptions) {
    this.deployment = options.deployment ?? 'QmRecorded1111111111111111111111111111111111111';
    this.#events = [...options.events].map((event) => ({
      block: event.block ?? blockOf(event.timestamp),
      fill: served(event),
    }));
    this.#conditions = [...(options.conditions ?? [])];
    this.#overrides = new Map([...(options.counters ?? [])].map((one) => [one.token, one]));
    let first: number = ERA.firstBlock;
    let last: number = ERA.firstBlock;
    for (const { block } of this.#events) {
      if (block < first) first = block;
      if (block > last) last = block;
    }
    this.firstBlock = first;
    this.lastBlock = options.lastBlock ?? last;
    this.fillCount = this.#fillsAt(this.lastBlock).length;
  }

  writeFills(): undefined {
    return undefined;
  }

  fills(block: number): Iterable<Fill> {
    return this.#fillsAt(block);
  }

  #fillsAt(block: number): readonly Fill[] {
    if (this.#fills?.block !== block) {
      const byId = new Map<string, Fill>();
      for (const event of this.#events) if (event.block <= block) byId.set(event.fill.id, event.fill);
      this.#fills = { block, rows: [...byId.values()] };
    }
    return this.#fills.rows;
  }

  counters(block: number): Table<Counters> {
    if (this.#counters?.block !== block) {
      const byToken = new Map<string, Counters>();
      for (const event of this.#events) if (event.block <= block) count(byToken, event.fill);
      for (const [token, override] of this.#overrides) {
        byToken.set(token, { ...(byToken.get(token) ?? noCounters(token)), ...override });
      }
      this.#counters = { block, table: arrayTable([...byToken.values()], (row) => row.token) };
    }
    return this.#counters.table;
  }

  marketDatas(): Table<MarketData> {
    const rows = this.#conditions.flatMap((one) => {
      const [condition, tokens] =
        'tokenIdsSeen' in one ? [one.conditionId, one.tokenIdsSeen] : [one.id, one.positionIds];
      return tokens.map((id) => ({ id, condition, outcomeIndex: null }));
    });
    return arrayTable(rows, (row) => row.id);
  }

  conditions(block: number): Table<Condition> {
    const rows = this.#conditions.flatMap((one) => {
      if ('tokenIdsSeen' in one || (one.block ?? 0) > block) return [];
      const { id, positionIds } = one;
      return (one.resolvedBlock ?? 0) > block
        ? [{ id, positionIds, payoutNumerators: [], payoutDenominator: '0' }]
        : [one];
    });
    return arrayTable(rows, (row) => row.id);
  }
}

function served(event: RecordedEvent): Fill {
  return Object.fromEntries(FILL_COLUMNS.map((column) => [column, event[column]])) as unknown as Fill;
}

function blockOf(timestamp: string): number {
  const time = Number(timestamp);
  return Number.isFinite(time) ? blockOfTime(time) : ERA.firstBlock;
}

function noCounters(token: string): Counters {
  return { token, buys: 0, sells: 0, buyVolume: 0n, sellVolume: 0n };
}

/** The subgraph's own rule: maker asset "0" is a buy of the taker asset, anything else a sale of the maker asset. */
function count(byToken: Map<string, Counters>, fill: Fill): void {
  const buy = fill.makerAssetId === '0';
  const token = buy ? fill.takerAssetId : fill.makerAssetId;
  const volume = wholeNumber(buy ? fill.makerAmountFilled : fill.takerAmountFilled);
  const { buys, sells, buyVolume, sellVolume } = byToken.get(token) ?? noCounters(token);
  byToken.set(
    token,
    buy
      ? { token, buys: buys + 1, sells, buyVolume: buyVolume + volume, sellVolume }
      : { token, buys, sells: sells + 1, buyVolume, sellVolume: sellVolume + volume },
  );
}

function wholeNumber(text: string): bigint {
  return /^-?\d+$/.test(text) ? BigInt(text) : 0n;
}

/** Events from NDJSON in the shape of the subgraph; fields that begin with `_` are notes. */
export async function readRecordedEvents(file: string): Promise<RecordedEvent[]> {
  return (await readNdjson(file)).map(({ value, line }) => {
    for (const column of FILL_COLUMNS) {
      if (typeof value[column] !== 'string')
        throw new Error(`${file}:${line}: an event needs the text field "${column}"`);
    }
    return served(value as unknown as RecordedEvent);
  });
}

/** Conditions from NDJSON: in full, or a condition id and the tokens seen. */
export async function readRecordedConditions(file: string): Promise<RecordedCondition[]> {
  return (await readNdjson(file)).map(({ value, line }) => {
    const seen = typeof value.conditionId === 'string' && Array.isArray(value.tokenIdsSeen);
    if (!seen && !(typeof value.id === 'string' && Array.isArray(value.positionIds))) {
      throw new Error(`${file}:${line}: a condition needs "id" and "positionIds", or "conditionId" and "tokenIdsSeen"`);
    }
    return value as unknown as RecordedCondition;
  });
}

async function readNdjson(file: string): Promise<{ value: Record<string, unknown>; line: number }[]> {
  const lines = (await readFile(file, 'utf8')).split('\n');
  return lines.flatMap((text, index) => {
    if (text.trim() === '') return [];
    try {
      const value: unknown = JSON.parse(text);
      if (typeof value !== 'object' || value === null || Array.isArray(value)) throw new Error('it is not an object');
      return [{ value: value as Record<string, unknown>, line: index + 1 }];
    } catch (error) {
      throw new Error(`${file}:${index + 1}: not a line of NDJSON: ${(error as Error).message}`);
    }
  });
}
