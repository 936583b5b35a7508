/** A universe from a seed: nothing is stored but the markets and their counters; every page is computed. */
import type { FillPage } from '../execute.js';
import { hex32, mix } from '../hash.js';
import type { JsonWriter } from '../json-writer.js';
import { type Selection, selectionOf, type Tokens } from '../selection.js';
import {
  type Condition,
  type Counters,
  ERA,
  type Fill,
  type MarketData,
  type Table,
  type Universe,
} from '../universe.js';
import { CounterPass } from './counters.js';
import { Indexes } from './indexes.js';
import { Markets, RESOLUTION } from './markets.js';
import { Matches } from './matches.js';
import { ratesOf, type SyntheticOptions } from './options.js';
import { FillWriter, fillOf, headOf, LegPicker, writePage } from './pages.js';
import { IdStream, type MatchStream, TapeStream, TimeStream, wantedOf } from './streams.js';

export function createSyntheticUniverse(options: SyntheticOptions): SyntheticUniverse {
  return new SyntheticUniverse(options);
}

/** Counts up to other blocks than the last one that are remembered: a client pins one at a time. */
const MAX_PASSES = 4;
const LAST_BLOCK = ERA.firstBlock + (ERA.lastTime - ERA.firstTime) / ERA.secondsPerBlock;

export class SyntheticUniverse implements Universe {
  readonly deployment: string;
  readonly firstBlock = ERA.firstBlock;
  readonly lastBlock = LAST_BLOCK;
  readonly fillCount: number;
  readonly markets: Markets;
  readonly #matches: Matches;
  readonly #indexes: Indexes;
  readonly #passes = new Map<number, { pass: CounterPass; table: Table<Counters> }>();

  constructor(readonly options: SyntheticOptions) {
    const rates = ratesOf(options);
    this.markets = new Markets(options, rates);
    this.#matches = new Matches(this.markets, rates);
    this.#indexes = new Indexes(this.#matches);
    this.deployment = `QmSimulated${hex32(mix(options.seed))}${'1'.repeat(27)}`;
    this.fillCount = this.#passAt(this.lastBlock).pass.served;
  }

  /** How many fills exist at the block, each once. */
  servedAt(block: number): number {
    return this.#passAt(block).pass.served;
  }

  #passAt(block: number): { pass: CounterPass; table: Table<Counters> } {
    const at = Math.min(block, this.lastBlock);
    let known = this.#passes.get(at);
    if (!known) {
      const pass = new CounterPass(this.#matches, at);
      known = { pass, table: pass.table(this.markets.tokens, this.markets.sortedTokens()) };
      for (const old of this.#passes.keys()) {
        if (this.#passes.size >= MAX_PASSES && old !== this.lastBlock) this.#passes.delete(old);
      }
      this.#passes.set(at, known);
    }
    return known;
  }

  *fills(block: number): Iterable<Fill> {
    // A generator may be left half-way while pages are served: it needs a match of its own.
    const matches = new Matches(this.markets, ratesOf(this.options));
    for (let m = 0; m < this.markets.count; m++) {
      if ((this.markets.start[m] as number) > block) continue;
      for (let j = 0; j < (this.markets.matches[m] as number); j++) {
        matches.shape(m, j);
        if (matches.block > block) continue;
        matches.amounts();
        for (let leg = matches.double ? 1 : 0; leg < matches.legs; leg++) {
          matches.identify(leg);
          yield fillOf(matches, leg);
        }
      }
    }
  }

  writeFills(page: FillPage, out: JsonWriter): number | undefined {
    const selection = selectionOf(page.filter);
    if (!selection) return undefined;
    const stream = this.#streamOf(page, selection);
    if (!stream) return undefined;
    const picker = new LegPicker(this.#matches, selection, page.block, page.descending);
    return writePage(stream, picker, new FillWriter(this.#matches, page.columns), page, out);
  }

  /** Undefined where only reading everything would answer. */
  #streamOf(page: FillPage, selection: Selection): MatchStream | undefined {
    const { timeLow, timeHigh, buys, sells } = selection;
    if (page.orderBy !== 'timestamp' && page.orderBy !== 'id') return undefined;
    // Rows of one second are ordered by id either way.
    const byTime = page.orderBy === 'timestamp' || timeLow === timeHigh;
    const low = headOf(selection.idLow, 0);
    const high = headOf(selection.idHigh, 0xffffffff);
    if (buys === 'all' || sells === 'all') {
      // One side of everything beside the other side of some tokens: nobody asks that.
      if (!isAllOrNone(buys) || !isAllOrNone(sells)) return undefined;
      const lanes = (buys === 'all' ? 0b0101 : 0) | (sells === 'all' ? 0b1010 : 0);
      const range = byTime ? this.#indexes.byTime(timeLow, timeHigh) : this.#indexes.byId(low, high);
      return new TapeStream(this.#matches, range, lanes, page.descending);
    }
    const wanted = wantedOf(selection, this.#matches);
    if (byTime) return new TimeStream(this.#matches, wanted, this.#indexes, timeLow, timeHigh, page.descending);
    return page.descending ? undefined : new IdStream(this.#matches, wanted, low, high);
  }

  readonly #tables = new Map<string, { block: number; table: Table<unknown> }>();

  /** The last table of a kind is kept: a client reads it page by page at one block. */
  #tableAt<Row>(kind: string, block: number, make: (block: number) => Table<Row>): Table<Row> {
    const at = Math.min(block, this.lastBlock);
    const known = this.#tables.get(kind);
    if (known?.block === at) return known.table as Table<Row>;
    const table = make(at);
    this.#tables.set(kind, { block: at, table });
    return table;
  }

  counters(block: number): Table<Counters> {
    return this.#passAt(block).table;
  }

  marketDatas(block: number): Table<MarketData> {
    return this.#tableAt('marketDatas', block, (at) => this.#marketDatas(at));
  }

  conditions(block: number): Table<Condition> {
    return this.#tableAt('conditions', block, (at) => this.#conditions(at));
  }

  #marketDatas(block: number): Table<MarketData> {
    const { markets } = this;
    const sorted = markets.sortedTokens();
    const known =
      block >= this.lastBlock ? sorted : sorted.filter((token) => (markets.start[token >> 1] as number) <= block);
    return {
      size: known.length,
      id: (index) => markets.tokens[known[index] as number] as string,
      row: (index) => {
        const token = known[index] as number;
        return { id: markets.tokens[token] as string, condition: markets.conditionId(token >> 1), outcomeIndex: null };
      },
    };
  }

  #conditions(block: number): Table<Condition> {
    const { markets } = this;
    const { ids, markets: sorted } = markets.sortedConditions();
    const known = Uint32Array.from(sorted, (_, i) => i).filter((i) => {
      const m = sorted[i] as number;
      return markets.unexplained[m] === 0 && (markets.start[m] as number) <= block;
    });
    return {
      size: known.length,
      id: (index) => ids[known[index] as number] as string,
      row: (index) => {
        const at = known[index] as number;
        return conditionOf(markets, sorted[at] as number, ids[at] as string, block);
      },
    };
  }
}

/** No tokens at all, or only "0", which is none. */
function isAllOrNone(tokens: Tokens): boolean {
  return tokens === 'all' || [...tokens].every((token) => token === '0');
}

/** Unresolved conditions come in both forms that the subgraph knows: no numerators, or zeros. */
function conditionOf(markets: Markets, m: number, id: string, block: number): Condition {
  const positionIds = [markets.tokens[m * 2] as string, markets.tokens[m * 2 + 1] as string];
  const resolution = markets.resolvedBlock(m) <= block ? (markets.resolution[m] as number) : RESOLUTION.open;
  if (resolution === RESOLUTION.open) {
    return { id, positionIds, payoutNumerators: (m & 1) === 0 ? [] : ['0', '0'], payoutDenominator: '0' };
  }
  const first = resolution === RESOLUTION.second ? '0' : '1';
  const second = resolution === RESOLUTION.first ? '0' : '1';
  return {
    id,
    positionIds,
    payoutNumerators: [first, second],
    payoutDenominator: resolution === RESOLUTION.half ? '2' : '1',
  };
}
