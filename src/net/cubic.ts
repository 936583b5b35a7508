/**
 * How fast to ask a host that does not say what it allows: CUBIC (RFC 9438), as the adaptive retry mode of the cloud SDKs has
 * it, for requests a second instead of segments in flight. Pure: state and time in, state out. `docs/rate.svg` is its picture.
 *
 * - *Slow start*: the rate doubles every second, until the host refuses.
 * - *Decrease*: then `wMax` is what the host served, and the rate `BETA` of it.
 * - *Cubic*: from there it climbs fast, then hardly at all around `wMax`, which it reaches after `kMs`, then ever faster.
 * - *Search*: at 2 `kMs` without a refusal the limit is gone, and the rate doubles every five seconds.
 *
 * The paper fixes `C`, and `K` follows from the fall. Here `K` is chosen and `C` follows, because what a throttle costs is the
 * pause that the host asks for, and a few refused requests, whatever the rate.
 */
export interface Cubic {
  /** The user's own limit. */
  readonly maxRps: number;
  /** The rate at `sinceMs`. */
  readonly fromRps: number;
  /** Requests a second served by the host when it last refused; null in slow start. */
  readonly wMax: number | null;
  readonly kMs: number;
  /** When requests began to flow, or flow again after the last throttle. */
  readonly sinceMs: number;
}

/** β: the share of `wMax` to begin again with. The paper's 0.7 is for queues on the way that have to drain. */
const BETA = 0.9;
/** The plateau lies a little below what was served: the limit is met on the steep part, later, for 2 % of the rate. */
const PLATEAU = 0.98;
/** So little is lost to pauses: one in `K_PER_PAUSE`; and to refusals, a few in `K_REQUESTS`. */
const K_PER_PAUSE = 20;
const K_REQUESTS = 400;
const K_MIN_MS = 30_000;
/** While what was served may have been a burst that the host lets pass: until it is met again, this near. */
const K_UNSURE_MS = 5_000;
const NEAR = 0.25;
const SLOW_START_DOUBLING_MS = 1_000;
const SEARCH_DOUBLING_MS = 5_000;
/** Slow start begins low, so that a host that allows little is not met with a storm. */
const FROM_SHARE = 1 / 25;
const FROM_RPS = 10;
const MIN_RPS = 0.2;

export function slowStart(maxRps: number, nowMs: number): Cubic {
  return {
    maxRps,
    fromRps: within(Math.max(FROM_RPS, FROM_SHARE * maxRps), maxRps),
    wMax: null,
    kMs: 0,
    sinceMs: nowMs,
  };
}

/** The host refused: it served so much a second before, and requests flow again after a pause of so long. */
export function decrease(before: Cubic, servedRps: number, pauseMs: number, resumeAtMs: number): Cubic {
  const { maxRps } = before;
  const wMax = within(PLATEAU * servedRps, maxRps);
  const sure = before.wMax !== null && Math.abs(wMax / before.wMax - 1) <= NEAR;
  const kMs = sure ? Math.max(K_MIN_MS, K_PER_PAUSE * pauseMs, (K_REQUESTS * 1000) / wMax) : K_UNSURE_MS;
  return { maxRps, fromRps: within(BETA * wMax, maxRps), wMax, kMs, sinceMs: resumeAtMs };
}

/** Requests a second at a time, without another refusal. */
export function rateAt({ maxRps, fromRps, wMax, kMs, sinceMs }: Cubic, nowMs: number): number {
  const tMs = Math.max(0, nowMs - sinceMs);
  if (wMax === null) return within(fromRps * 2 ** (tMs / SLOW_START_DOUBLING_MS), maxRps);
  // C(t - K)³ + W_max with C = (1 - β) W_max / K³, so that it is β W_max at t = 0.
  const cubic = wMax * (1 + (1 - BETA) * (Math.min(tMs, 2 * kMs) / kMs - 1) ** 3);
  return within(cubic * 2 ** (Math.max(0, tMs - 2 * kMs) / SEARCH_DOUBLING_MS), maxRps);
}

function within(rps: number, maxRps: number): number {
  return Math.min(maxRps, Math.max(MIN_RPS, rps));
}
