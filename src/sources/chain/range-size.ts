/**
 * How many blocks to ask a provider for at once. It doubles until something is refused, then halves, and grows again by a tenth:
 * what fits changes with the traffic of the blocks. A cap that a provider named is kept for good.
 */
import { type BlockRange, blocksIn, type Meaning } from './provider-words.js';

const FIRST_BLOCKS = 64;
const MAX_BLOCKS = 100_000;
/** Larger answers only cost memory. */
const GOOD_BYTES = 8 << 20;
const SLOW_GROWTH = 1.1;

export class RangeSize {
  #blocks = FIRST_BLOCKS;
  #cap = MAX_BLOCKS;
  #wasRefused = false;

  get blocks(): number {
    return this.#blocks;
  }

  answered(range: BlockRange, bytes: number): void {
    // An answer to less than what is allowed shows nothing.
    if (blocksIn(range) < this.#blocks) return;
    if (bytes > GOOD_BYTES) this.#blocks = Math.max(1, Math.floor((this.#blocks * GOOD_BYTES) / bytes));
    else if (2 * bytes <= GOOD_BYTES || this.#wasRefused) this.#grow();
  }

  /** Takes in what the provider said of a range; false where it cannot become smaller. */
  refused(
    range: BlockRange,
    meaning: Meaning & { readonly kind: 'suggested_range' | 'too_much' | 'range_cap' },
  ): boolean {
    this.#wasRefused = true;
    const blocks = blocksIn(range);
    if (meaning.kind === 'suggested_range') this.#blocks = Math.min(blocks - 1, blocksIn(meaning));
    else if (meaning.kind === 'range_cap') {
      this.#cap = Math.min(this.#cap, meaning.blocks);
      this.#blocks = meaning.blocks;
    } else this.#blocks = Math.floor(Math.min(this.#blocks, blocks) / 2);
    if (this.#blocks >= 1) return true;
    this.#blocks = 1;
    return blocks > 1;
  }

  #grow(): void {
    const grown = this.#wasRefused
      ? Math.max(this.#blocks + 1, Math.floor(this.#blocks * SLOW_GROWTH))
      : 2 * this.#blocks;
    this.#blocks = Math.min(this.#cap, grown);
  }
}
