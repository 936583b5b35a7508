import type { UnitOutcome } from './attempt.js';
import type { LiveCounters } from './live-counters.js';
import type { Loader } from './loader.js';
import { Meter, type Pace, type Sample } from './meter.js';
import type { Units } from './ports.js';

/** The rate of the host that a load asks, as figures; `granted` and `throttled` since the rate was made. */
export interface RateReading {
  readonly granted: number;
  readonly throttled: number;
  readonly rps: number;
  /** The user's own limit. */
  readonly maxRps: number;
  readonly pausedForMs: number;
}

/** One moment of a sitting: what progress, checkpoint, summary and metrics show. */
export interface LoadFigures {
  /** Acknowledged in this sitting; `pendingRows` of them belong to units that have not ended. */
  readonly rows: number;
  readonly pendingRows: number;
  /** Left of the plan; null where nobody can know. */
  readonly rowsLeft: number | null;
  readonly parts: number;
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
  readonly rps: number;
  /** Names of units that a thread works on, the first few; and how many there are. */
  readonly loading: readonly string[];
  readonly inFlight: number;
  readonly setAside: number;
}

const NAMES_SHOWN = 8;

export interface FiguresOptions {
  readonly units: Units;
  readonly counters: LiveCounters;
  readonly rate: () => RateReading;
  /** Rows of units that earlier sittings have loaded. */
  readonly rowsBefore: number;
  readonly cores: number;
  readonly nowMs: () => number;
  readonly cpuMs: () => number;
}

/** The one owner of a running load's figures: fed by attempts, sampled by the ticker, read by whoever shows them. */
export class Figures {
  #retries = 0;
  #endedRows = 0;
  #sourceMs = 0;
  #decodeMs = 0;
  #targetMs = 0;
  readonly #start: { readonly atMs: number; readonly cpuMs: number; readonly granted: number };
  readonly #meter: Meter;

  constructor(private readonly options: FiguresOptions) {
    this.#start = { atMs: options.nowMs(), cpuMs: options.cpuMs(), granted: options.rate().granted };
    this.#meter = new Meter(options.cores, this.#sample());
  }

  attemptEnded({ spent, failure }: Pick<UnitOutcome, 'spent' | 'failure'>): void {
    this.#sourceMs += spent.sourceMs;
    this.#decodeMs += spent.decodeMs;
    this.#targetMs += spent.targetMs;
    if (failure !== null) this.#retries++;
  }

  unitEnded(rows: number): void {
    this.#endedRows += rows;
  }

  /** Grows with everything that moves: a request let go, a part read, an attempt ended. */
  get beats(): number {
    return this.#requests + this.options.counters.parts + this.options.counters.rows + this.#retries;
  }

  sample(): void {
    const { rps, maxRps, pausedForMs } = this.options.rate();
    this.#meter.sample(this.#sample(), { rps, maxRps, paused: pausedForMs > 0 });
  }

  now(loader: Pick<Loader, 'inFlight' | 'setAside'>): LoadFigures {
    const { units, counters, rate, rowsBefore, nowMs, cpuMs } = this.options;
    const { rows, parts } = counters;
    const { inFlight, setAside } = loader;
    const rowsLeft = units.expectedRows === null ? null : units.expectedRows - rowsBefore - rows;
    return {
      rows,
      pendingRows: Math.max(0, rows - this.#endedRows),
      rowsLeft,
      parts,
      requests: this.#requests,
      throttled: rate().throttled,
      retries: this.#retries,
      wallMs: nowMs() - this.#start.atMs,
      cpuMs: cpuMs() - this.#start.cpuMs,
      sourceMs: this.#sourceMs,
      decodeMs: this.#decodeMs,
      targetMs: this.#targetMs,
      pace: this.#meter.pace(rowsLeft),
      rps: rate().rps,
      loading: inFlight.slice(0, NAMES_SHOWN).map((ordinal) => units.at(ordinal).name),
      inFlight: inFlight.length,
      setAside,
    };
  }

  get #requests(): number {
    return this.options.rate().granted - this.#start.granted;
  }

  #sample(): Sample {
    return {
      atMs: this.options.nowMs(),
      rows: this.options.counters.rows,
      requests: this.#requests,
      sourceMs: this.#sourceMs,
      targetMs: this.#targetMs,
      cpuMs: this.options.cpuMs(),
    };
  }
}
