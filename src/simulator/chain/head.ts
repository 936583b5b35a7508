/** Where the chain stands: its newest block, and the newest one that is final. */
export class ChainHead {
  #number: number;

  constructor(
    number: number,
    readonly lastBlock: number,
    /** Blocks that finality lags behind the head. */
    public finalityLag: number,
  ) {
    this.#number = Math.min(number, lastBlock);
  }

  get number(): number {
    return this.#number;
  }

  get finalized(): number {
    return Math.max(0, this.#number - this.finalityLag);
  }

  /** Moves the head, also backwards; at the universe's last block it stands still. Returns the new head. */
  advance(blocks: number): number {
    this.#number = Math.max(0, Math.min(this.lastBlock, this.#number + blocks));
    return this.#number;
  }
}
