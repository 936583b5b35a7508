import type { Failure, FailureSide } from '../core/failure.js';

/**
 * Tells a bad unit from a source or target that is down: when unit after unit fails and none succeeds, it is not the units. A
 * success of any unit ends the suspicion. What fails on our own side is no outage.
 */
export type OtherSide = Exclude<FailureSide, 'self'>;

export class OutageDetector {
  readonly #failing = new Map<number, OtherSide>();

  /** Returns the side that is down, once as many different units failed in a row as are active (at most 16). */
  failed(ordinal: number, failure: Failure, activeUnits: number): OtherSide | null {
    const { kind, side } = failure;
    if (kind !== 'transient' || side === 'self') return null;
    this.#failing.set(ordinal, side);
    let same = 0;
    for (const other of this.#failing.values()) if (other === side) same++;
    return same >= Math.min(MAX_NEEDED, Math.max(1, activeUnits)) ? side : null;
  }

  succeeded(): void {
    this.#failing.clear();
  }

  /** The units whose failures were the outage's, not their own. */
  takeFailing(): number[] {
    const ordinals = [...this.#failing.keys()];
    this.#failing.clear();
    return ordinals;
  }
}

const MAX_NEEDED = 16;
