/**
 * How fast to ask, learned from throttles. Pure: state and time in, state out.
 *
 * A source that refuses tells two things: roughly how much it allows, and what a refusal costs (everyone waits its
 * `Retry-After`). Three ways of climbing follow from that:
 *
 * - *starting*: nothing was refused yet. Begins at a fraction of the user's limit and doubles every second, so that a
 *   source which allows little is not met with a storm.
 * - *searching*: the limit was met soon after a resume, far above what is allowed. What was served since then, over the
 *   time until the source serves again, is the limit of a source that counts in windows from there, and of a bucket
 *   that has filled meanwhile; where neither holds it is less. So the climb is quick.
 * - *steady*: the limit was met while climbing slowly. Restarts a little below, comes near it, and stays there for so
 *   long that the next throttle costs a few percent of the time; only then probes beyond, ever faster, so that a limit
 *   which was lifted far is found in a minute or two.
 *
 * A refusal that does not say how long to wait may be a gateway's hiccup. All wait a second, but what was in flight shows
 * the difference: a source at its limit refuses that too. Once eight are answered for each that was refused, those were
 * hiccups, and all goes on at the same rate; three refused with few answered are a limit. Where the answers come only
 * after the pause (at low rates) a window may have ended meanwhile: so hiccups of that kind are believed only up to a
 * small share. And a limit told by a handful of answers is vague: it is searched faster, until it is met again there.
 */
export interface RateState {
  /** Requests a second asked for now. */
  readonly rps: number;
  /** The user's own limit. */
  readonly maxRps: number;
  readonly climb: Climb;
  /** When requests flow again after the last throttle, milliseconds. */
  readonly resumedAtMs: number;
  /** Requests answered and refused until then. */
  readonly answeredAtResume: number;
  readonly refusedAtResume: number;
  /** Refused since then, and found to be hiccups only after the pause. */
  readonly lateHiccups: number;
  readonly throttle: Throttled | null;
}

type Climb =
  | { readonly kind: 'starting'; readonly fromRps: number }
  | { readonly kind: 'searching'; readonly fromRps: number; readonly growthPerS: number; readonly served: number }
  | { readonly kind: 'steady'; readonly limitRps: number; readonly calmMs: number };

/** A throttle, from its first refusal to the resume. */
interface Throttled {
  readonly atMs: number;
  /** Whether it said how long to wait: a limit, beyond doubt. */
  readonly told: boolean;
  /** How the rate climbed until then, and for how long. */
  readonly climb: Climb;
  readonly elapsedMs: number;
  /** Requests answered and refused until the resume before it. */
  readonly answeredBefore: number;
  readonly refusedBefore: number;
  /** The rate that met the limit; null where it was met so soon that it says nothing. */
  readonly limitRps: number | null;
}

/** What the governor sees of the cell. */
export interface Seen {
  readonly nowMs: number;
  /** Requests answered and refused since the beginning. */
  readonly answered: number;
  readonly refused: number;
  /** Those of the refused that did not say how long to wait. */
  readonly untold: number;
  /** Until requests may go again. */
  readonly pausedForMs: number;
  /** Requests a second that were really sent lately. */
  readonly sentRps: number;
}

const MIN_RPS = 0.2;
const START_SHARE = 1 / 8;
const START_MIN_RPS = 20;
const START_DOUBLING_MS = 1000;
/** Met within this time after a resume, a limit was overshot far: the budget of one window, or of a bucket. */
const SOON_MS = 10_000;
const SEARCH_GROWTH_PER_S = 0.025;
const SEARCH_FROM = 0.95;
/** A source takes some seconds to notice: the rate that met the limit is the one of so long ago. */
const NOTICE_MS = 8000;
const STEADY_FROM = 0.96;
const STEADY_NEAR = 0.985;
/** Calm between throttles, so that they cost a twentieth of the time and a hundredth of the requests at most. */
const CALM_PER_PAUSE = 20;
const CALM_PER_REFUSED = 100;
const MIN_CALM_MS = 30_000;
const MAX_CALM_MS = 200_000;
/** Served no more than this after a resume: the source was asked again too early, and the throttle goes on. */
const EARLY_SERVED = 1;
/** A limit met soon that is at least this share of the one expected confirms it. */
const CONFIRMS_SHARE = 0.7;
const MAX_HOLD_MS = 60_000;
/** So many answered for each that was refused without a word, and the refusals are hiccups. */
const HICCUP_ANSWERED = 8;
/** So many refused, with fewer answered for each than this, and they are a limit. */
const LIMIT_REFUSED = 3;
const LIMIT_ANSWERED = 3;
/** A source that refuses so much for so long is at its limit, whatever it is. */
const MAX_DOUBT_MS = 15_000;
/** Hiccups that show only after the pause, at most: so many, and a share of what is answered; at a low rate hardly any. */
const LATE_HICCUPS = 3;
const LATE_HICCUP_SHARE = 0.015;
const LOW_RPS = 12;
const LOW_LATE_HICCUPS = 1;
const LOW_LATE_HICCUP_SHARE = 0.006;
/** Fewer served before refusals that say nothing: what they allow is anyone's guess. */
const TELLING_SERVED = 30;
/** So many served, and about the same allowed as before: that adds up. */
const AGAIN_SERVED = 8;
const VAGUE_GROWTH_PER_S = 0.06;

export function startRate(maxRps: number, nowMs: number, answered = 0, refused = 0): RateState {
  const fromRps = clampRps(Math.max(START_MIN_RPS, maxRps * START_SHARE), maxRps);
  return {
    rps: fromRps,
    maxRps,
    climb: { kind: 'starting', fromRps },
    resumedAtMs: nowMs,
    answeredAtResume: answered,
    refusedAtResume: refused,
    lateHiccups: 0,
    throttle: null,
  };
}

/** What refusals that say nothing are: a limit, hiccups that have nothing to do with the rate, or not clear yet. */
export type Verdict = 'limit' | 'hiccup' | 'open';

/** `since`: answered since the first refusal in doubt, refused with it, and how long ago that was. */
export function judge(
  state: RateState,
  seen: Seen,
  since: { readonly answered: number; readonly refused: number; readonly ms: number },
): Verdict {
  if (since.answered >= since.refused * HICCUP_ANSWERED) {
    if (seen.pausedForMs > 0) return 'hiccup';
    // A window may have ended meanwhile, or a bucket filled: that may not go on for ever.
    const [some, share] =
      state.rps < LOW_RPS ? [LOW_LATE_HICCUPS, LOW_LATE_HICCUP_SHARE] : [LATE_HICCUPS, LATE_HICCUP_SHARE];
    const allowance = some + share * (seen.answered - state.answeredAtResume);
    return state.lateHiccups + since.refused <= allowance ? 'hiccup' : 'limit';
  }
  if (isEarly(state, seen) && seen.answered === state.answeredAtResume) return 'limit';
  if (since.ms > MAX_DOUBT_MS) return 'limit';
  return since.refused >= LIMIT_REFUSED && since.answered < since.refused * LIMIT_ANSWERED ? 'limit' : 'open';
}

/** Refusals were hiccups: the climb goes on where it was so many milliseconds ago. */
export function afterDoubt(state: RateState, seen: Seen, doubtMs: number, refused: number): RateState {
  return {
    ...state,
    lateHiccups: state.lateHiccups + (seen.pausedForMs > 0 ? 0 : refused),
    resumedAtMs: state.resumedAtMs + doubtMs,
    refusedAtResume: state.refusedAtResume + refused,
  };
}

function isEarly(state: RateState, seen: Seen): boolean {
  return state.throttle !== null && seen.answered - state.answeredAtResume <= EARLY_SERVED;
}

/** The source has refused. */
export function afterThrottle(
  state: RateState,
  seen: Seen,
  { atMs, told }: { atMs: number; told: boolean } = { atMs: seen.nowMs, told: true },
): RateState {
  const elapsedMs = Math.max(1, atMs - state.resumedAtMs);
  if (state.throttle !== null && isEarly(state, seen)) {
    // Twice as long as the source has been refusing: one that does not say how long is asked seldom.
    const holdMs = Math.min(MAX_HOLD_MS, seen.nowMs - state.throttle.atMs);
    return resumeAt(state, state.throttle, { ...seen, pausedForMs: Math.max(seen.pausedForMs, holdMs) });
  }
  const soon = elapsedMs < SOON_MS || state.climb.kind === 'starting';
  const throttle: Throttled = {
    atMs,
    told,
    climb: state.climb,
    elapsedMs,
    answeredBefore: state.answeredAtResume,
    refusedBefore: state.refusedAtResume,
    limitRps: soon ? null : Math.min(rateAfter(state, elapsedMs - NOTICE_MS), seen.sentRps),
  };
  return resumeAt(state, throttle, seen);
}

/** While the pause lasts: it may be extended, and answers to what was in flight come in. */
export function resumeLater(state: RateState, seen: Seen): RateState {
  return state.throttle === null ? state : resumeAt(state, state.throttle, seen);
}

function resumeAt(state: RateState, throttle: Throttled, seen: Seen): RateState {
  const resumedAtMs = Math.max(state.resumedAtMs, seen.nowMs + seen.pausedForMs);
  const next: RateState = {
    ...state,
    throttle,
    climb: climbAfter(throttle, resumedAtMs, seen, state.maxRps),
    resumedAtMs,
    lateHiccups: 0,
    answeredAtResume: seen.answered,
    refusedAtResume: seen.refused,
  };
  return { ...next, rps: rateAfter(next, 0) };
}

function climbAfter(throttle: Throttled, resumeAtMs: number, seen: Seen, maxRps: number): Climb {
  const pauseMs = resumeAtMs - throttle.atMs;
  const refused = seen.refused - throttle.refusedBefore;
  const served = Math.max(1, seen.answered - throttle.answeredBefore);
  const allowedRps = served / ((throttle.elapsedMs + pauseMs) / 1000);
  const before = throttle.climb;
  const again = before.kind === 'searching' && served >= AGAIN_SERVED && confirms(before, allowedRps);
  const known = again ? served + before.served : served;
  const vague = !throttle.told && known < TELLING_SERVED;
  if (vague || (throttle.limitRps === null && !confirms(throttle.climb, allowedRps))) {
    const growthPerS = vague ? VAGUE_GROWTH_PER_S : SEARCH_GROWTH_PER_S;
    return { kind: 'searching', fromRps: clampRps(allowedRps * SEARCH_FROM, maxRps), growthPerS, served: known };
  }
  const limitRps = clampRps(throttle.limitRps ?? allowedRps, maxRps);
  const wantedMs = Math.max(pauseMs * CALM_PER_PAUSE, (refused / limitRps) * 1000 * CALM_PER_REFUSED);
  return { kind: 'steady', limitRps, calmMs: Math.min(MAX_CALM_MS, Math.max(MIN_CALM_MS, wantedMs)) };
}

/** Whether a limit that was met soon is the one that was expected, a little lower. */
function confirms(before: Climb, allowedRps: number): boolean {
  if (before.kind === 'starting') return false;
  const expected = before.kind === 'steady' ? before.limitRps : before.fromRps;
  return allowedRps > expected * CONFIRMS_SHARE;
}

/** Later, without a throttle. */
export function climb(state: RateState, nowMs: number): RateState {
  return { ...state, rps: rateAfter(state, nowMs - state.resumedAtMs) };
}

function rateAfter({ climb: way, maxRps }: RateState, calmMs: number): number {
  const ms = Math.max(0, calmMs);
  if (way.kind === 'starting') return clampRps(way.fromRps * 2 ** (ms / START_DOUBLING_MS), maxRps);
  if (way.kind === 'searching') return clampRps(way.fromRps * (1 + way.growthPerS) ** (ms / 1000), maxRps);
  const toGo = Math.max(0, 1 - ms / way.calmMs);
  const share = STEADY_NEAR - (STEADY_NEAR - STEADY_FROM) * toGo ** 2;
  const beyond = Math.max(0, ms / way.calmMs - 1);
  return clampRps(way.limitRps * share * Math.exp(Math.min(50, beyond ** 2)), maxRps);
}

function clampRps(rps: number, maxRps: number): number {
  return Math.min(maxRps, Math.max(MIN_RPS, rps));
}
