/**
 * Notices that nothing moves: no request was let go, no attempt ended, although units are in flight and nobody was told to
 * wait. Every request and every insert has a deadline of its own, so this is a thread that hangs, or a defect. Pure: whoever
 * looks brings the time.
 */
export class Watchdog {
  #beats = -1;
  #movedAtMs: number;

  constructor(
    private readonly stuckAfterMs: number,
    nowMs: number,
  ) {
    this.#movedAtMs = nowMs;
  }

  /** `beats` grows with everything that moves. True when it is time to act; then it waits as long again. */
  look(beats: number, mayRest: boolean, nowMs: number): boolean {
    if (mayRest || beats !== this.#beats) {
      this.#beats = beats;
      this.#movedAtMs = nowMs;
      return false;
    }
    if (nowMs - this.#movedAtMs < this.stuckAfterMs) return false;
    this.#movedAtMs = nowMs;
    return true;
  }
}

/** A unit's longest silence is an insert after a request; twice that is no accident. */
export function stuckAfterMs(requestTimeoutMs: number, insertTimeoutMs: number): number {
  return 2 * (requestTimeoutMs + insertTimeoutMs);
}
