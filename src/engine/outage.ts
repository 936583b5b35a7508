import type { Failure } from '../core/failure.js';

/**
 * Tells a bad chunk from a source or target that is down: when chunk after chunk fails and none succeeds, it is not
 * the chunks. A success of any chunk ends the suspicion.
 */
export type Side = 'source' | 'target';

export class OutageDetector {
  readonly #failing = new Map<number, Side>();

  /** Returns the side that is down, once as many different chunks failed in a row as are active (at most 16). */
  failed(ordinal: number, failure: Failure, activeChunks: number): Side | null {
    if (failure.kind !== 'transient') return null;
    const side = sideOf(failure);
    this.#failing.set(ordinal, side);
    let same = 0;
    for (const other of this.#failing.values()) if (other === side) same++;
    return same >= Math.min(MAX_NEEDED, Math.max(1, activeChunks)) ? side : null;
  }

  succeeded(): void {
    this.#failing.clear();
  }

  /** The chunks whose failures were the outage's, not their own. */
  takeFailing(): number[] {
    const ordinals = [...this.#failing.keys()];
    this.#failing.clear();
    return ordinals;
  }
}

const MAX_NEEDED = 16;

export function sideOf(failure: Failure): Side {
  return failure.code.startsWith('target_') ? 'target' : 'source';
}
