/** The fees of a match: those that its fills say against the FeeCharged, as sets. */
import { exchangeAt, feeAmount, sameTopic } from './event-values.js';
import { EVENT, type ExchangeEvents, SIDE } from './exchange-events.js';
import { areZeros, sameDigits, WORD_DIGITS } from './hex.js';

export interface PairedFees {
  /** Fills of the match with a fee. */
  readonly owed: number;
  readonly charged: number;
  /** FeeCharged that belong to no fill. */
  readonly unpaired: number;
}

export class FeePairs {
  #used = new Uint8Array(64);

  /**
   * Finds a fill for each FeeCharged. Not by neighbours: V2 emits it before the fill, V3 a resting order's after it. `open`
   * holds the events of a match, `aggressor` is one of them.
   */
  pair(events: ExchangeEvents, open: readonly number[], aggressor: number): PairedFees {
    if (this.#used.length < open.length) this.#used = new Uint8Array(2 * open.length);
    this.#used.fill(0, 0, open.length);
    let [owed, charged, unpaired] = [0, 0, 0];
    for (const i of open) {
      if (events.kind[i] === EVENT.fee) {
        charged++;
        if (!this.#take(events, i, open, aggressor)) unpaired++;
      } else if (owes(events, i, aggressor)) owed++;
    }
    return { owed, charged, unpaired };
  }

  /** Micro-units; of V1 shares and collateral together. */
  sums(
    events: ExchangeEvents,
    open: readonly number[],
    aggressor: number,
  ): Record<'sumOfFills' | 'sumCharged', string> {
    let [ofFills, charged] = [0n, 0n];
    for (const i of open) {
      if (events.kind[i] === EVENT.fee) charged += feeAmount(events, i);
      else if (owes(events, i, aggressor)) ofFills += feeAmount(events, i);
    }
    return { sumOfFills: `${ofFills}`, sumCharged: `${charged}` };
  }

  #take(events: ExchangeEvents, fee: number, open: readonly number[], aggressor: number): boolean {
    for (let n = 0; n < open.length; n++) {
      const i = open[n] as number;
      const fits =
        this.#used[n] === 0 &&
        owes(events, i, aggressor) &&
        events.feeLow[i] === events.feeLow[fee] &&
        events.feeHigh[i] === events.feeHigh[fee] &&
        sameAsset(events, i, fee);
      if (!fits) continue;
      this.#used[n] = 1;
      return true;
    }
    return false;
  }
}

/** A fill of this match with a fee. What the operator keeps of V1's direct fills is not charged by an event. */
function owes(events: ExchangeEvents, i: number, aggressor: number): boolean {
  if (events.kind[i] !== EVENT.fill || (events.feeLow[i] === 0 && events.feeHigh[i] === 0)) return false;
  return i === aggressor || exchangeAt(events, i).generation !== 1 || sameTopic(events, i, 3, aggressor, 2);
}

/** V1 says what a fee is paid in: the shares of a BUY, the collateral of a SELL. */
function sameAsset(events: ExchangeEvents, fill: number, fee: number): boolean {
  const asset = events.token[fee] as number;
  if (asset < 0) return true;
  const { text } = events.logs;
  if (events.side[fill] === SIDE.sell) return areZeros(text, asset, WORD_DIGITS);
  return sameDigits(text, asset, text, events.token[fill] as number, WORD_DIGITS);
}
