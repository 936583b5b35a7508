/** What a simulated set of venues is made of. One place for every default. */
import type { FaultRule } from './http/faults.js';

export type Venue = 'polymarket' | 'kalshi' | 'limitless' | 'opinion';

/** Rows that are listed and unsettled at the start. */
export interface VenueSizes {
  /** Gamma markets with `closed=false`. */
  readonly polymarket: number;
  /** Kalshi markets that are open, unopened or paused, without combos. */
  readonly kalshi: number;
  /** Limitless rows of /markets/active; the children of groups come on top. */
  readonly limitless: number;
  /** Opinion top rows; children come on top. */
  readonly opinion: number;
}

export const VENUE_SIZES = {
  /** Two or more pages everywhere. */
  tiny: { polymarket: 250, kalshi: 2_000, limitless: 60, opinion: 45 },
  small: { polymarket: 3_000, kalshi: 6_000, limitless: 200, opinion: 80 },
  /** As counted in autumn 2026. */
  full: { polymarket: 166_000, kalshi: 191_616, limitless: 2_000, opinion: 160 },
} satisfies Record<string, VenueSizes>;

export type AnomalyKind = 'stale' | 'jump' | 'crossed' | 'sum';

/** Something that a collector should notice, in `rate` of a venue's markets, from `afterMs` after the start on. */
export interface AnomalyRule {
  readonly venue: Venue;
  /** The whole listing stands still; the price moves without a trade; bid above ask; prices that do not sum to 1. */
  readonly kind: AnomalyKind;
  readonly rate: number;
  readonly afterMs?: number;
}

export interface VenuesOptions {
  readonly seed?: number;
  /** 0 or undefined: any free port. */
  readonly port?: number;
  readonly size?: keyof typeof VENUE_SIZES | VenueSizes;
  /** The simulated time at the start, ms since 1970. Default: the wall clock, whole seconds. */
  readonly startMs?: number;
  /** Simulated milliseconds a real one: 0 (default) stands still until `advance`, 1 runs with the wall clock. */
  readonly speed?: number;
  /** One market opens and one closes at each venue every so often. */
  readonly turnoverMs?: number;
  /** Trades of each venue's busiest market before the start. */
  readonly busiestTrades?: number;
  /** Mean time between trades of the busiest market after the start. */
  readonly busiestGapMs?: number;
  /** Times the published rates; 0: no limits at all. */
  readonly limitScale?: number;
  /** How long a listing of Gamma may be old. 0: no cache. */
  readonly gammaCacheMs?: number;
  /** Before each answer. */
  readonly latencyMs?: number;
  /** Requests a minute that Massive takes. */
  readonly massiveRpm?: number;
  /** Credits of The Odds API. */
  readonly oddsCredits?: number;
  readonly faults?: readonly FaultRule[];
  readonly faultSeed?: number;
  readonly anomalies?: readonly AnomalyRule[];
  /** Keys that are asked for; undefined: Opinion, Massive and odds take any key but none. */
  readonly keys?: { readonly opinion?: string; readonly massive?: string; readonly odds?: string };
  /** Keeps method, path and body of every request in `venues.log`. */
  readonly keepLog?: boolean;
}

export type Settled = Required<Omit<VenuesOptions, 'size' | 'keys' | 'port'>> & {
  readonly sizes: VenueSizes;
  readonly keys: NonNullable<VenuesOptions['keys']>;
};

export function settle(options: VenuesOptions): Settled {
  const { size = 'tiny' } = options;
  return {
    seed: options.seed ?? 1,
    sizes: typeof size === 'string' ? VENUE_SIZES[size] : size,
    startMs: options.startMs ?? Math.floor(Date.now() / 1000) * 1000,
    speed: options.speed ?? 0,
    turnoverMs: options.turnoverMs ?? 60_000,
    busiestTrades: options.busiestTrades ?? 4_000,
    busiestGapMs: options.busiestGapMs ?? 10_000,
    limitScale: options.limitScale ?? 1,
    gammaCacheMs: options.gammaCacheMs ?? 300_000,
    latencyMs: options.latencyMs ?? 0,
    massiveRpm: options.massiveRpm ?? 150,
    oddsCredits: options.oddsCredits ?? 100_000,
    faults: options.faults ?? [],
    faultSeed: options.faultSeed ?? 1,
    anomalies: options.anomalies ?? [],
    keys: options.keys ?? {},
    keepLog: options.keepLog ?? false,
  };
}
