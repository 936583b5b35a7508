/** Reads a range of blocks as a client's filters see them, lies included: what both servers answer from. */
import { EMITTERS, EVENTS } from './contracts.js';
import type { Lies } from './lies.js';
import { LogSheet } from './log-sheet.js';
import type { FullFilter } from './portal-query.js';
import type { ChainSource } from './source.js';
import { type Wanted, wantedOf } from './wanted.js';
import { hexOf } from './words.js';

export class BlockScan {
  readonly sheet = new LogSheet();
  readonly wanted: Wanted;
  /** Logs of the sheet that are answered, after `read`. */
  readonly kept: number[] = [];
  readonly #filters: readonly FullFilter[] | undefined;

  constructor(
    readonly source: ChainSource,
    filters: readonly FullFilter[],
    readonly lies: Lies | undefined,
  ) {
    this.wanted = wantedOf(filters);
    // The table decides alone where addresses and first topics are all that is asked for.
    this.#filters = filters.some(({ topics }) => topics.some((topic) => topic !== undefined)) ? filters : undefined;
  }

  /** The next block from `from` on that may hold something. */
  next(from: number, to: number): number {
    return this.source.nextBusy(from, to, this.wanted);
  }

  /** Fills `sheet` and `kept` with a block. */
  read(block: number): void {
    const { sheet, kept, lies } = this;
    kept.length = 0;
    this.source.write(block, sheet, this.wanted);
    for (let i = 0; i < sheet.count; i++) {
      if (this.#filters && !this.#filters.some((filter) => matches(filter, sheet, i))) continue;
      if (lies?.loses(sheet, i)) continue;
      kept.push(i);
    }
  }
}

function matches({ addresses, topic0, topics }: FullFilter, sheet: LogSheet, i: number): boolean {
  if (addresses && !addresses.has(EMITTERS[sheet.emitter[i] as number]?.address ?? '')) return false;
  if (topic0 && !topic0.has(EVENTS[sheet.event[i] as number]?.topic0 ?? '')) return false;
  return topics.every(
    (wanted, t) =>
      wanted === undefined ||
      (t + 1 < (sheet.topics[i] as number) && wanted.has(hexOf(sheet.words, (sheet.start[i] as number) + t * 8, 8))),
  );
}
