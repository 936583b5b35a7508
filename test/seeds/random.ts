/** Draws from a seed: the same seed gives the same scenario, whatever else the machine does. */
export class Random {
  #state: number;

  constructor(seed: number) {
    this.#state = (seed ^ 0x5bd1e995) >>> 0;
  }

  /** Uniform in [0, 1): mulberry32. */
  unit(): number {
    this.#state = (this.#state + 0x6d2b79f5) >>> 0;
    let t = Math.imul(this.#state ^ (this.#state >>> 15), 1 | this.#state);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return ((t ^ (t >>> 14)) >>> 0) / 2 ** 32;
  }

  chance(share: number): boolean {
    return this.unit() < share;
  }

  /** Whole, both ends included. */
  int(min: number, max: number): number {
    return min + Math.floor(this.unit() * (max - min + 1));
  }

  /** Small values as likely as large ones: uniform in the logarithm. */
  logInt(min: number, max: number): number {
    return Math.round(Math.exp(Math.log(min) + this.unit() * (Math.log(max) - Math.log(min))));
  }

  between(min: number, max: number): number {
    return min + this.unit() * (max - min);
  }

  pick<T>(values: readonly T[]): T {
    return values[Math.floor(this.unit() * values.length)] as T;
  }

  /** Some of them, each at most once. */
  some<T>(values: readonly T[], count: number): T[] {
    const left = [...values];
    const taken: T[] = [];
    while (taken.length < count && left.length > 0) {
      taken.push(left.splice(Math.floor(this.unit() * left.length), 1)[0] as T);
    }
    return taken;
  }

  hex(chars: number): string {
    return Array.from({ length: chars }, () => Math.floor(this.unit() * 16).toString(16)).join('');
  }
}
