/** How fast a load goes, and what bounds it. */
export interface Pace {
  readonly rowsPerS: number;
  readonly requestsPerS: number;
  /** Infinity where nobody can know. */
  readonly etaMs: number;
  readonly bound: Bound;
}

export type Bound = 'rate limit' | 'throttled' | 'source' | 'target' | 'CPU';

/** One moment of a sitting: what progress, checkpoint, summary and metrics show. Times are milliseconds. */
export interface LoadFigures {
  /** What is loaded, as people call it. */
  readonly name: string;
  /** Acknowledged in this sitting; `pendingRows` of them belong to units that have not ended. */
  readonly rows: number;
  readonly pendingRows: number;
  /** With those that earlier sittings have loaded. */
  readonly rowsInAll: number;
  /** Of the plan; null where nobody can know. */
  readonly expectedRows: number | null;
  readonly requests: number;
  readonly throttled: number;
  readonly retries: number;
  readonly wallMs: number;
  readonly cpuMs: number;
  /** Where the attempts' time went. */
  readonly sourceMs: number;
  readonly decodeMs: number;
  readonly targetMs: number;
  readonly pace: Pace;
  /** What the host's rate allows now, requests a second. */
  readonly rps: number;
  /** Names of units that a thread works on, the first few; and how many there are. */
  readonly loading: readonly string[];
  readonly inFlight: number;
  readonly setAside: number;
}
