/**
 * What a simulated source can be asked. A universe is a fixed history: every entity belongs to a block, and reading at
 * a block shows what existed then. Values are the strings that graph-node would serve.
 */
import type { FillPage } from './execute.js';
import type { JsonWriter } from './json-writer.js';

export interface Fill {
  readonly id: string;
  readonly transactionHash: string;
  readonly timestamp: string;
  readonly orderHash: string;
  readonly maker: string;
  readonly taker: string;
  readonly makerAssetId: string;
  readonly takerAssetId: string;
  readonly makerAmountFilled: string;
  readonly takerAmountFilled: string;
  readonly fee: string;
}

export const FILL_COLUMNS = [
  'id',
  'transactionHash',
  'timestamp',
  'orderHash',
  'maker',
  'taker',
  'makerAssetId',
  'takerAssetId',
  'makerAmountFilled',
  'takerAmountFilled',
  'fee',
] as const satisfies readonly (keyof Fill)[];

/** The source's own count of a token's fills and of their collateral, in micro-USDC. */
export interface Counters {
  readonly token: string;
  readonly buys: number;
  readonly sells: number;
  readonly buyVolume: bigint;
  readonly sellVolume: bigint;
}

export interface MarketData {
  readonly id: string;
  readonly condition: string;
  readonly outcomeIndex: null;
}

export interface Condition {
  readonly id: string;
  readonly positionIds: readonly string[];
  readonly payoutNumerators: readonly string[];
  readonly payoutDenominator: string;
}

/** Rows ordered by id, made when they are asked for. */
export interface Table<Row> {
  readonly size: number;
  id(index: number): string;
  row(index: number): Row;
}

export interface Universe {
  /** IPFS hash of the deployment, as `_meta.deployment`. */
  readonly deployment: string;
  readonly firstBlock: number;
  /** The block of the last entity: the head, unless the server holds it back. */
  readonly lastBlock: number;
  /** Fills that are served at the last block: distinct ids. */
  readonly fillCount: number;
  /** Every fill that exists at the block once, in no particular order. */
  fills(block: number): Iterable<Fill>;
  /** Writes a page's rows, comma-separated; the number of rows, or undefined where this question has no short way. */
  writeFills(page: FillPage, out: JsonWriter): number | undefined;
  /** Tokens that were traded, by token. */
  counters(block: number): Table<Counters>;
  marketDatas(block: number): Table<MarketData>;
  conditions(block: number): Table<Condition>;
}

export function arrayTable<Row>(rows: readonly Row[], idOf: (row: Row) => string): Table<Row> {
  const sorted = [...rows].sort((a, b) => compareText(idOf(a), idOf(b)));
  return {
    size: sorted.length,
    id: (index) => idOf(sorted[index] as Row),
    row: (index) => sorted[index] as Row,
  };
}

/** Bytewise for ASCII, which is all that ids hold. */
export function compareText(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}

/** The chain: two seconds a block, from the exchange's first day. */
export const ERA = {
  firstBlock: 33_500_000,
  firstTime: 1_664_150_400, // 2022-09-26
  lastTime: 1_777_334_400, // 2026-04-28
  secondsPerBlock: 2,
} as const;

export function timeOfBlock(block: number): number {
  return ERA.firstTime + (block - ERA.firstBlock) * ERA.secondsPerBlock;
}

export function blockOfTime(time: number): number {
  return ERA.firstBlock + Math.floor((time - ERA.firstTime) / ERA.secondsPerBlock);
}
