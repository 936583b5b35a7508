/** What a simulated chain is made of; everything follows from the seed. */
import { V1_LAST_BLOCK, V2_FROM_BLOCK, V3_FROM_BLOCK } from './contracts.js';

export interface ChainOptions {
  readonly seed: number;
  /** Blocks that may hold fills, from a hundred to twelve million. */
  readonly blocks: number;
  /** Fills of an average block; below 1 most blocks have none. Default 4. */
  readonly fillsPerBlock?: number;
  /** The first of them. By default a quarter of the blocks lies before V1's end, but none before V2's beginning. */
  readonly firstBlock?: number;
  /** Blocks before the first one, in which conditions were prepared. Default a tenth, at least 100. */
  readonly preludeBlocks?: number;
  readonly v1LastBlock?: number;
  readonly v3FromBlock?: number;
  /** At least 16. */
  readonly conditions?: number;
  readonly wallets?: number;
  /** The share of conditions that trade with a collateral that explains no token. Default 1/400. */
  readonly unexplainedShare?: number;
  /** Below: shares of matches. A fill by V1's operator alone, outside a match. */
  readonly directRate?: number;
  /** An order that fills twice in one match. */
  readonly doubleFillRate?: number;
  /** An aggressor's purchase that says more than was spent (V1; V2 with a mint). */
  readonly refundRate?: number;
  /** Share of resting legs with an amount of zero. */
  readonly dustRate?: number;
  /** Matches of an exchange that nobody knows, in addition to the others. Default 0. */
  readonly strangerRate?: number;
  /** Matches of V3 in a token of a module that nobody knows. Default 0. */
  readonly unknownModuleRate?: number;
  /** Strangers and unknown modules begin here. Default the first block. */
  readonly strangersFromBlock?: number;
}

export type ChainRates = Required<ChainOptions>;

/** Fills of an average match: what fills are divided by to get matches. Measured, see the tests. */
export const FILLS_PER_MATCH = 2.58;
export const MIN_CONDITIONS = 16;
/** Every condition is prepared, traded and resolved in one of so many equal parts of the range. */
export const MAX_EPOCHS = 64;

export function chainRates(options: ChainOptions): ChainRates {
  const { seed, blocks } = options;
  if (!Number.isSafeInteger(blocks) || blocks < 1) throw new Error(`blocks must be at least 1, not ${blocks}`);
  const v1LastBlock = options.v1LastBlock ?? V1_LAST_BLOCK;
  const firstBlock = options.firstBlock ?? Math.max(V2_FROM_BLOCK, v1LastBlock + 1 - Math.ceil(blocks / 4));
  const fillsPerBlock = options.fillsPerBlock ?? 4;
  const fills = blocks * fillsPerBlock;
  const afterV1 = Math.max(firstBlock, v1LastBlock + 1);
  const middle = afterV1 + Math.floor(Math.max(0, firstBlock + blocks - afterV1) / 2);
  return {
    seed,
    blocks,
    fillsPerBlock,
    firstBlock,
    preludeBlocks: options.preludeBlocks ?? Math.max(100, Math.floor(blocks / 10)),
    v1LastBlock,
    v3FromBlock: options.v3FromBlock ?? Math.min(V3_FROM_BLOCK, middle),
    conditions: Math.max(MIN_CONDITIONS, options.conditions ?? Math.min(5_000, Math.max(32, Math.round(fills / 500)))),
    wallets: options.wallets ?? Math.max(40, Math.min(2_000_000, Math.round(fills / 50))),
    unexplainedShare: options.unexplainedShare ?? 1 / 400,
    directRate: options.directRate ?? rare(1 / 2_000, fills),
    doubleFillRate: options.doubleFillRate ?? rare(1 / 20_000, fills),
    refundRate: options.refundRate ?? rare(1 / 3_000, fills),
    dustRate: options.dustRate ?? rare(1 / 300, fills),
    strangerRate: options.strangerRate ?? 0,
    unknownModuleRate: options.unknownModuleRate ?? 0,
    strangersFromBlock: options.strangersFromBlock ?? firstBlock,
  };
}

/** A rate that is rare at scale, yet gives a few cases in a small universe. */
function rare(rate: number, fills: number): number {
  return Math.min(1 / 25, Math.max(rate, 20 / Math.max(1, fills)));
}
