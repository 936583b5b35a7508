/** The rates of a venue's hosts: a request waits for every pace that counts it. */
import { AdaptiveRate } from '../../net/adaptive-rate.js';
import type { HostRate } from '../../net/host-rate.js';
import { counts, type Host, type Pace, pacesOf } from './limits.js';

export class HostPaces {
  readonly #rates: readonly { readonly pace: Pace; readonly rate: AdaptiveRate }[];

  /** `scale`: times the usual rates, for a mirror of one's own that limits nothing. */
  constructor(hosts: readonly Host[], options: { readonly kalshiKey?: boolean; readonly scale?: number } = {}) {
    const { scale = 1 } = options;
    const paces = hosts.flatMap((host) => pacesOf(host, options).map((pace) => ({ ...pace, rps: pace.rps * scale })));
    this.#rates = paces.map((pace) => ({ pace, rate: new AdaptiveRate(pace.rps) }));
  }

  for(host: Host, path: string): HostRate[] {
    return this.#rates.filter(({ pace }) => pace.host === host && counts(pace, path)).map(({ rate }) => rate);
  }

  close(): void {
    for (const { rate } of this.#rates) rate.close();
  }
}
