import type { Plan } from '../../../../src/datasets/fills/plan/chunk.js';
import type { Segment, Side } from '../../../../src/datasets/fills/plan/segment.js';
import { advance, initialSegments, takeLanes, windowOf } from '../../../../src/datasets/fills/plan/segments.js';
import { seeded } from './universe.js';

const PLACES = 2 ** 52;

/** Fills as places of their ids (13 hex digits), per token and side: what the lane algorithm sees of a source. */
export class MemorySource {
  readonly #places = new Map<string, Float64Array>();
  requests = 0;
  rows = 0;
  /** Largest number of rows that a window held: what a source may have to sort for one page. */
  widest = 0;
  /** Sum of the places served; the same as the sum of all if each row came once. */
  served = 0;
  all = 0;

  constructor(plan: Plan, seed: number) {
    const random = seeded(seed);
    for (const { token, buys, sells } of plan.tokens) {
      for (const [side, n] of [
        ['buy', buys],
        ['sell', sells],
      ] as const) {
        const places = Float64Array.from(
          { length: n },
          () => Math.floor(random() * 2 ** 20) * 2 ** 32 + Math.floor(random() * 2 ** 32),
        );
        this.#places.set(`${side} ${token}`, places.sort());
        for (const place of places) this.all += place / PLACES;
      }
    }
  }

  /** Runs a chunk's segments to their ends as the loader does. */
  readChunk(plan: Plan, ordinal: number, pageRows = plan.options.pageRows): void {
    const queue = initialSegments(plan, plan.chunks[ordinal] as Plan['chunks'][0]);
    for (;;) {
      const lanes = takeLanes(queue, pageRows);
      if (lanes.length === 0) return;
      this.requests++;
      for (const lane of lanes) queue.push(...this.#page(lane, pageRows));
    }
  }

  #page(segment: Segment, pageRows: number): Segment[] {
    const window = windowOf(segment, pageRows);
    const from = segment.cursor === null ? placeOf(window.from, 0) : placeOf(segment.cursor, 0) + 1;
    const to = placeOf(window.to, PLACES);
    const found: number[] = [];
    for (const token of segment.tokens ?? []) collect(this.#of(segment.side, token), from, to, found);
    this.widest = Math.max(this.widest, found.length);
    found.sort((a, b) => a - b);
    const page = found.slice(0, pageRows);
    this.rows += page.length;
    for (const place of page) this.served += place / PLACES;
    const last = page.at(-1);
    const lastId = last === undefined ? null : `0x${last.toString(16).padStart(13, '0')}`;
    return advance(segment, window, { rows: page.length, full: page.length >= pageRows, lastId }, pageRows);
  }

  #of(side: Side, token: string): Float64Array {
    return this.#places.get(`${side} ${token}`) as Float64Array;
  }
}

function placeOf(id: string | null, open: number): number {
  return id === null ? open : Number.parseInt(id.slice(2, 15).padEnd(13, '0'), 16);
}

function collect(places: Float64Array, from: number, to: number, into: number[]): void {
  let [low, high] = [0, places.length];
  while (low < high) {
    const middle = (low + high) >> 1;
    if ((places[middle] as number) < from) low = middle + 1;
    else high = middle;
  }
  for (let i = low; i < places.length && (places[i] as number) < to; i++) into.push(places[i] as number);
}
