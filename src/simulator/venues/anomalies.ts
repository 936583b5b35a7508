/** Which markets misbehave, and from when on. */
import { unit, word } from '../hash.js';
import type { AnomalyKind, AnomalyRule, Venue } from './options.js';

const KINDS: readonly AnomalyKind[] = ['stale', 'jump', 'crossed', 'sum'];
/** A jumping price is away for so long, then back for as long. */
const JUMP_MS = 120_000;
const JUMP = 250_000;

export class Anomalies {
  readonly #rules: ReadonlyMap<AnomalyKind, AnomalyRule>;

  constructor(
    readonly seed: number,
    venue: Venue,
    readonly startMs: number,
    rules: readonly AnomalyRule[],
  ) {
    this.#rules = new Map(rules.filter((rule) => rule.venue === venue).map((rule) => [rule.kind, rule]));
  }

  has(kind: AnomalyKind, index: number, atMs: number): boolean {
    const rule = this.#rules.get(kind);
    if (!rule || atMs < this.startMs + (rule.afterMs ?? 0)) return false;
    return unit(word(this.seed, KINDS.indexOf(kind) + 900), index) < rule.rate;
  }

  /** The moment that the venue's listing shows: stands still once it is stale. */
  shown(atMs: number): number {
    const rule = this.#rules.get('stale');
    return rule ? Math.min(atMs, this.startMs + (rule.afterMs ?? 0)) : atMs;
  }

  /** What a jump adds to a price at a moment, micro-units. */
  jump(index: number, price: number, atMs: number): number {
    if (!this.has('jump', index, atMs)) return 0;
    const away = Math.floor((atMs - this.startMs) / JUMP_MS) % 2 === 1;
    if (!away) return 0;
    return price > 500_000 ? -JUMP : JUMP;
  }
}
