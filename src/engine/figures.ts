import type { LoadFigures } from '../report/figures.js';
import type { UnitOutcome } from './attempt.js';
import type { LiveCounters } from './live-counters.js';
import type { Loader } from './loader.js';
import { Meter, type Sample } from './meter.js';
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

const NAMES_SHOWN = 8;

export interface FiguresOptions {
  /** What is loaded, as people call it. */
  readonly name: string;
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
    const { name, units, counters, rate, rowsBefore, nowMs, cpuMs } = this.options;
    const { rows } = counters;
    const { inFlight, setAside } = loader;
    const { expectedRows } = units;
    const rowsInAll = rowsBefore + rows;
    return {
      name,
      rows,
      pendingRows: Math.max(0, rows - this.#endedRows),
      rowsInAll,
      expectedRows,
      requests: this.#requests,
      throttled: rate().throttled,
      retries: this.#retries,
      wallMs: nowMs() - this.#start.atMs,
      cpuMs: cpuMs() - this.#start.cpuMs,
      sourceMs: this.#sourceMs,
      decodeMs: this.#decodeMs,
      targetMs: this.#targetMs,
      pace: this.#meter.pace(expectedRows === null ? null : expectedRows - rowsInAll),
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
