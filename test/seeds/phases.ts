/** Tells by the statements in which part of the job the program is, where kills matter most. */
export type Phase = 'promote' | 'pnl';

const PNL = /\b(?:pnl_scratch_\w+|pnl_residuals|wallet_(?:market_)?pnl\w*)\b/;
const PROMOTE = /\bINSERT INTO `?promotions\b|\b(?:EXCHANGE TABLES|RENAME TABLE)\b/;

/** A part lasts from its first statement that can be told until the next one begins, or the sitting ends. */
export class Phases {
  #current: Phase | undefined;

  get current(): Phase | undefined {
    return this.#current;
  }

  /** A sitting begins. */
  begin(): void {
    this.#current = undefined;
  }

  /** The part that the statement belongs to. */
  meet(sql: string): Phase | undefined {
    if (PNL.test(sql)) this.#current = 'pnl';
    else if (this.#current === undefined && PROMOTE.test(sql)) this.#current = 'promote';
    return this.#current;
  }
}
