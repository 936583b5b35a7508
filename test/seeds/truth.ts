/** What a seed must come to: every row, every rejected row, every wallet's profit, from the universe alone. */
import type { Fault, FaultRule, Json } from '../../src/simulator/fault-table.js';
import { FAULTS } from '../../src/simulator/fault-table.js';
import { draw } from '../../src/simulator/hash.js';
import { createRecordedUniverse } from '../../src/simulator/recorded.js';
import { createSyntheticUniverse } from '../../src/simulator/synthetic/universe.js';
import { allFills, isBuy, tokenOf } from '../../src/simulator/truth.js';
import type { Condition, Fill, Table, Universe } from '../../src/simulator/universe.js';
import { Random } from './random.js';
import type { UniverseDraw } from './scenario.js';

export interface MadeUniverse {
  readonly universe: Universe;
  /** Ids of events that the source itself holds malformed. */
  readonly malformed: ReadonlySet<string>;
  /** Some of them do not even say which transaction they belong to: then its balance cannot be explained. */
  readonly nameless: boolean;
}

export function makeUniverse(drawn: UniverseDraw): MadeUniverse {
  const { seed, markets, fills, feeFactor, doubleFillRate } = drawn;
  const synthetic = createSyntheticUniverse({ seed, markets, fills, feeFactor, doubleFillRate });
  if (drawn.malformedEvents === 0) return { universe: synthetic, malformed: new Set(), nameless: false };
  const random = new Random(seed);
  const events = allFills(synthetic).map((fill) => ({ ...fill }));
  const malformed = new Set<string>();
  for (const event of random.some(events, drawn.malformedEvents)) {
    random.pick(MISTAKES)(event);
    malformed.add(event.id);
  }
  const universe = createRecordedUniverse({
    events,
    conditions: rows(synthetic.conditions(synthetic.lastBlock)),
    deployment: synthetic.deployment,
    lastBlock: synthetic.lastBlock,
  });
  return { universe, malformed, nameless: [...malformed].some((id) => !/^0x[0-9a-f]{64}_/.test(id)) };
}

type Event = { -readonly [K in keyof Fill]: Fill[K] };

/** Events as no exchange would emit them; the source serves them in their places all the same. */
const MISTAKES: readonly ((event: Event) => void)[] = [
  (event) => {
    event.takerAmountFilled = '1000000000000000000';
  },
  (event) => {
    event.makerAmountFilled = '1.5';
  },
  (event) => {
    event.fee = 'none';
  },
  (event) => {
    event.maker = event.maker.slice(0, 20);
  },
  (event) => {
    event.taker = event.taker.toUpperCase();
  },
  (event) => {
    event.id = `${event.id.slice(0, 40)}zz${event.id.slice(42)}`;
  },
  (event) => {
    event.id = event.id.slice(0, -1);
  },
  (event) => {
    // Neither asset is collateral.
    if (isBuy(event)) event.makerAssetId = event.takerAssetId;
    else event.takerAssetId = event.makerAssetId;
  },
];

/** A row as ClickHouse is asked for it: tab-separated, amounts in micro-units. */
export function rowText(fill: Fill): string {
  const buy = isBuy(fill);
  return [
    fill.id.slice(2, 66),
    fill.id.slice(69),
    fill.timestamp,
    fill.maker.slice(2),
    fill.taker.slice(2),
    tokenOf(fill),
    buy ? 'BUY' : 'SELL',
    buy ? fill.takerAmountFilled : fill.makerAmountFilled,
    buy ? fill.makerAmountFilled : fill.takerAmountFilled,
    fill.fee,
  ].join('\t');
}

export interface Truth {
  /** Fills that can be decoded, at the block. */
  readonly good: readonly Fill[];
  /** Fills that cannot, by the id they are served under. */
  readonly bad: ReadonlyMap<string, Fill>;
}

/** Which fills are served well and which malformed, by the events themselves and by the faults of rows. */
export function truthOf(made: MadeUniverse, block: number, rules: readonly FaultRule[], faultSeed: number): Truth {
  const good: Fill[] = [];
  const bad = new Map<string, Fill>();
  // As `faults.ts` numbers them: outages are no faults of requests.
  const numbered = rules.filter(({ kind }) => kind !== 'down').map((rule, salt) => ({ rule, salt }));
  const ofRows = numbered.filter(({ rule }) => rowFault(rule)?.field === 'orderFilledEvents');
  for (const fill of made.universe.fills(block)) {
    const served = ofRows.length === 0 ? fill : strike(fill, ofRows, faultSeed);
    if (served === fill && !made.malformed.has(fill.id)) good.push(fill);
    else bad.set(served.id, fill);
  }
  return { good, bad };
}

function rowFault(rule: FaultRule) {
  const fault: Fault = FAULTS[rule.kind];
  return fault.row;
}

function strike(fill: Fill, rules: readonly { rule: FaultRule; salt: number }[], seed: number): Fill {
  let row: Json | undefined;
  for (const { rule, salt } of rules) {
    const id = (row?.id as string | undefined) ?? fill.id;
    if (draw(seed, id, salt) >= rule.rate) continue;
    row ??= { ...fill };
    rowFault(rule)?.edit(row, { rule, seed, head: 0, deployment: '', pin: undefined });
  }
  return row === undefined ? fill : (row as unknown as Fill);
}

/** A universe of these fills only: what P&L must be computed from. */
export function universeOf(universe: Universe, fills: readonly Fill[]): Universe {
  return {
    deployment: universe.deployment,
    firstBlock: universe.firstBlock,
    lastBlock: universe.lastBlock,
    fillCount: fills.length,
    fills: () => fills,
    writeFills: () => undefined,
    counters: (block) => universe.counters(block),
    marketDatas: (block) => universe.marketDatas(block),
    conditions: (block) => universe.conditions(block),
  };
}

/** Tells whenever the source reads a page of fills: the clock that kills go by. */
export function watched(universe: Universe, onPage: () => void): Universe {
  return {
    deployment: universe.deployment,
    firstBlock: universe.firstBlock,
    lastBlock: universe.lastBlock,
    fillCount: universe.fillCount,
    fills: (block) => universe.fills(block),
    writeFills: (page, out) => {
      onPage();
      return universe.writeFills(page, out);
    },
    counters: (block) => {
      onPage();
      return universe.counters(block);
    },
    marketDatas: (block) => universe.marketDatas(block),
    conditions: (block) => universe.conditions(block),
  };
}

function rows(table: Table<Condition>): Condition[] {
  return Array.from({ length: table.size }, (_, index) => table.row(index));
}
