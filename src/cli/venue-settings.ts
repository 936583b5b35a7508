import { microsOf } from '../core/micros.js';
import type { HostOptions } from '../datasets/venues/hosts.js';
import type { IngestOptions } from '../datasets/venues/ingest.js';
import { retryingOf } from './again.js';
import type { Context } from './context.js';

export function ingestOptions({ config }: Context): IngestOptions {
  return {
    type: config.type ?? null,
    choice: { top: config.top ?? null, minVolume: config.minVolume === undefined ? null : microsOf(config.minVolume) },
    details: config.with,
    fresh: config.fresh,
  };
}

export function venueHosts(ctx: Context): Omit<HostOptions, 'stop'> {
  const { config } = ctx;
  return {
    urls: {
      gamma: config.gammaUrl,
      clob: config.clobUrl,
      dataApi: config.dataApiUrl,
      kalshi: config.kalshiUrl,
      limitless: config.limitlessUrl,
      opinion: config.opinionUrl,
    },
    keys: { opinion: config.opinionApiKey, kalshi: config.kalshiApiKey },
    deadlineMs: config.requestTimeout,
    ...retryingOf(ctx),
  };
}
