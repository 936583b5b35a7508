/** What a folder of a venue gives. A fifth venue is a fifth folder with these same names, and a line in `all.ts`. */
import type { Chain } from './chain.js';
import type { Host } from './limits.js';
import type { Venue } from './model.js';

/** A market as the details need it. */
export interface MarketRef {
  readonly marketId: string;
  readonly tokens: readonly string[];
  readonly mechanism: 'clob' | 'amm';
  readonly eventId: string;
  /** Seconds of the epoch; 0 where the venue does not say. */
  readonly createdS: number;
  /** Up to when its trades are complete, seconds of the epoch; null where they never were. */
  readonly tradesToS: number | null;
}

export interface Choice {
  /** Only so many markets, the busiest first as the venue counts it; null for all. */
  readonly top: number | null;
  /** Only markets with this volume at least, micro-units of the venue's own unit; null for all. */
  readonly minVolume: bigint | null;
}

/** What was known when a delta begins. */
export interface Known {
  /** The end of the last complete load, seconds of the epoch. */
  readonly sinceS: number;
  /** Unsettled markets of before. */
  has(marketId: string): boolean;
}

export interface Details {
  readonly markets: readonly MarketRef[];
  /** Up to when the trades of the whole exchange are complete, seconds of the epoch; null where they never were. */
  readonly tradesToS: number | null;
  readonly nowS: number;
  /** Whether the markets are a choice, or everything that is open. */
  readonly chosen: boolean;
}

// biome-ignore lint/suspicious/noExplicitAny: each chain has a state of its own, which only itself reads
export type AnyChain = Chain<any>;

export interface VenueParts {
  readonly venue: Venue;
  readonly hosts: readonly Host[];
  /** The chains that together list everything unsettled, or the choice by the cheapest way that the venue has. */
  staticLists(choice: Choice): AnyChain[];
  /** What changed since, as far as the venue can be asked for that. */
  deltaLists(choice: Choice, known: Known): AnyChain[];
  /** Markets asked for by name: those that left the lists (`settled`), or that the lists did not show though they should. */
  byName(marketIds: readonly string[], settled: boolean): AnyChain[];
  /** After a delta: of the unsettled markets that it did not show, which ones to ask for by name. */
  readonly askAfterDelta: 'all' | 'open' | 'traded or due';
  prices(details: Details): AnyChain[];
  books(details: Details): AnyChain[];
  trades(details: Details): AnyChain[];
  history(details: Details): AnyChain[];
  /** What the venue does not give, said once in the summary. */
  readonly lacks: readonly string[];
  /** What `--top` and `--min-volume` go by. */
  readonly rankedBy: string;
  /** By the volume of a market's life: there is none of 24 hours. */
  readonly ranksByLifetime: boolean;
  /** `prices` are the same requests as `books`. */
  readonly pricesInBooks: boolean;
}

/** Hours of prices that `--with history` reads: a batch of 100 markets stays within Kalshi's 10,000 candles. */
export const HISTORY_HOURS = 100;
