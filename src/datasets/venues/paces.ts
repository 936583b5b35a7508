/** The rates of a venue's hosts: a request waits for every pace that counts it. */
import type { HostRate } from '../../net/host-rate.js';
import { RateCell } from '../../net/rate-cell.js';
import { RateGovernor } from '../../net/rate-governor.js';
import { RateQueue } from '../../net/rate-queue.js';
import { counts, type Host, type Pace, pacesOf } from './limits.js';

const TICK_MS = 250;

export class HostPaces {
  readonly #rates: readonly { readonly pace: Pace; readonly rate: HostRate }[];
  readonly #governors: readonly RateGovernor[];
  readonly #timer: NodeJS.Timeout;

  /** `scale`: times the usual rates, for a mirror of one's own that limits nothing. */
  constructor(hosts: readonly Host[], options: { readonly kalshiKey?: boolean; readonly scale?: number } = {}) {
    const { scale = 1 } = options;
    const paces = hosts.flatMap((host) => pacesOf(host, options).map((pace) => ({ ...pace, rps: pace.rps * scale })));
    const cells = paces.map((pace) => ({ pace, cell: RateCell.create(pace.rps) }));
    this.#rates = cells.map(({ pace, cell }) => ({ pace, rate: new CellRate(cell) }));
    this.#governors = cells.map(({ pace, cell }) => new RateGovernor(cell, pace.rps, performance.now()));
    this.#timer = setInterval(() => {
      for (const governor of this.#governors) governor.tick(performance.now());
    }, TICK_MS);
    this.#timer.unref();
  }

  for(host: Host, path: string): HostRate[] {
    return this.#rates.filter(({ pace }) => pace.host === host && counts(pace, path)).map(({ rate }) => rate);
  }

  close(): void {
    clearInterval(this.#timer);
  }
}

class CellRate implements HostRate {
  readonly #queue: RateQueue;

  constructor(private readonly cell: RateCell) {
    this.#queue = new RateQueue(cell);
  }

  acquire(signal?: AbortSignal, rank = 0): Promise<void> {
    return this.#queue.acquire(signal, rank);
  }

  answered(): void {
    this.cell.answer();
  }

  refused(retryAfterMs?: number): void {
    this.cell.pause(retryAfterMs);
  }
}
