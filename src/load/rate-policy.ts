/**
 * How fast to ask, learned from throttles. Pure: state and time in, state out.
 *
 * A source that refuses tells two things: roughly how much it allows, and that asking at this rate is too fast. The
 * first throttle lands far above the limit, so the rate drops to what was really served over the time until the source
 * serves again. Later ones land just above it, so the rate drops a little below the rate that was refused, stays there,
 * approaches it slowly, and probes beyond it only after a while: a throttle costs everyone's `Retry-After`.
 */
export interface RateState {
  /** Requests a second asked for now. */
  readonly rps: number;
  /** The user's own limit. */
  readonly maxRps: number;
  /** The rate that was refused last; null before the first throttle. */
  readonly refusedRps: number | null;
  /** When requests flow again after the last throttle, milliseconds. */
  readonly resumedAtMs: number;
  /** Requests granted until then. */
  readonly grantedAtResume: number;
  /** Rate right after the last throttle. */
  readonly restartRps: number;
}

/** After a throttle the rate restarts this far below the refused one. */
const BACK_OFF = 0.94;
/** Time to come from there up to just under the refused rate. */
const APPROACH_MS = 60_000;
/** …which is this share of it. */
const NEAR = 0.975;
/** Probing beyond begins after this long without a throttle, doubling the step every so often. */
const PROBE_AFTER_MS = 180_000;
const PROBE_GROWTH_PER_S = 0.002;
const MIN_RPS = 0.2;

export function startRate(maxRps: number, nowMs: number): RateState {
  return { rps: maxRps, maxRps, refusedRps: null, resumedAtMs: nowMs, grantedAtResume: 0, restartRps: maxRps };
}

/** `granted` counts requests sent, `refused` those of them that were refused since the last resume. */
export function afterThrottle(
  state: RateState,
  nowMs: number,
  resumeAtMs: number,
  granted: number,
  refused: number,
): RateState {
  const servedRequests = Math.max(1, granted - state.grantedAtResume - refused);
  const elapsedS = Math.max(0.001, (nowMs - state.resumedAtMs) / 1000);
  const untilResumeS = Math.max(elapsedS, (resumeAtMs - state.resumedAtMs) / 1000);
  // Refused within the first window after a resume: the budget of that window is what was served in it.
  const overshotFar = nowMs - state.resumedAtMs < (resumeAtMs - nowMs) * 0.8;
  const sent = Math.min(state.rps, servedRequests / elapsedS);
  const refusedRps = overshotFar
    ? servedRequests / untilResumeS / BACK_OFF
    : Math.min(state.rps, Math.max(sent, state.rps * 0.8));
  const restartRps = clampRps(refusedRps * BACK_OFF, state.maxRps);
  return { ...state, rps: restartRps, refusedRps, restartRps, resumedAtMs: resumeAtMs, grantedAtResume: granted };
}

/** The rate at a later time without a throttle. */
export function climb(state: RateState, nowMs: number): RateState {
  if (state.refusedRps === null) return state;
  const calmMs = nowMs - state.resumedAtMs;
  if (calmMs <= 0) return state;
  const near = Math.max(state.refusedRps * NEAR, state.restartRps);
  const approach = state.restartRps + (near - state.restartRps) * Math.min(1, calmMs / APPROACH_MS);
  const probeS = Math.max(0, calmMs - PROBE_AFTER_MS) / 1000;
  // Grows like compound interest, so a limit that was lifted far is found in minutes.
  const probed = approach * (1 + PROBE_GROWTH_PER_S) ** probeS;
  return { ...state, rps: clampRps(probed, state.maxRps) };
}

function clampRps(rps: number, maxRps: number): number {
  return Math.min(maxRps, Math.max(MIN_RPS, rps));
}
