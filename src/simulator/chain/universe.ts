/** A chain from a seed: nothing is stored but the conditions; every block is computed when somebody asks for it. */
import { blockHashInto, timeOfBlock } from './clock.js';
import { Conditions, firstAtLeast } from './conditions.js';
import { LogWriter } from './emit.js';
import type { LogSheet } from './log-sheet.js';
import { BlockMatches } from './matches.js';
import { type ChainOptions, type ChainRates, chainRates } from './options.js';
import type { ChainSource } from './source.js';
import type { Wanted } from './wanted.js';
import { hexOf } from './words.js';

export class ChainUniverse implements ChainSource {
  readonly rates: ChainRates;
  /** Blocks from here to `lastBlock` may hold fills; conditions were prepared since `preludeBlock`. */
  readonly firstBlock: number;
  readonly lastBlock: number;
  readonly preludeBlock: number;
  readonly conditions: Conditions;
  readonly #matches: BlockMatches;
  readonly #writer: LogWriter;
  readonly #hash = new Int32Array(8);

  constructor(readonly options: ChainOptions) {
    this.rates = chainRates(options);
    this.firstBlock = this.rates.firstBlock;
    this.lastBlock = this.firstBlock + this.rates.blocks - 1;
    this.preludeBlock = this.firstBlock - this.rates.preludeBlocks;
    this.conditions = new Conditions(this.rates);
    this.#matches = new BlockMatches(this.conditions);
    this.#writer = new LogWriter(this.conditions);
  }

  get seed(): number {
    return this.rates.seed;
  }

  /** A block's matches, one after the other; a reader of its own, so that several may be at work. */
  matches(): BlockMatches {
    return new BlockMatches(this.conditions);
  }

  /** Fills the sheet with the wanted logs of a block, in order of log index. */
  write(block: number, sheet: LogSheet, wanted: Wanted): void {
    sheet.reset(block);
    if (wanted.conditions) this.#writer.writeConditions(sheet, wanted);
    if (!wanted.matches) return;
    const matches = this.#matches;
    matches.open(block);
    while (matches.next()) this.#writer.writeMatch(matches, sheet, wanted);
  }

  /** The next block at or after `from` that may hold a wanted log; `to` + 1 when there is none. */
  nextBusy(from: number, to: number, wanted: Wanted): number {
    if (wanted.matches && from >= this.firstBlock) return Math.min(from, to + 1);
    const { byPreparation, preparedBlock, byResolution, resolvedBlock } = this.conditions;
    const prepared = byPreparation[firstAtLeast(byPreparation, preparedBlock, from)];
    const resolved = byResolution[firstAtLeast(byResolution, resolvedBlock, from)];
    return Math.min(
      to + 1,
      wanted.matches ? this.firstBlock : Number.POSITIVE_INFINITY,
      prepared === undefined ? Number.POSITIVE_INFINITY : (preparedBlock[prepared] as number),
      resolved === undefined ? Number.POSITIVE_INFINITY : (resolvedBlock[resolved] as number),
    );
  }

  blockHash(block: number): string {
    return hexOf(blockHashInto(this.seed, block, this.#hash));
  }

  timeOf(block: number): number {
    return timeOfBlock(block);
  }
}
