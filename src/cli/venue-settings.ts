import { microsOf } from '../core/micros.js';
import { pause } from '../core/pause.js';
import type { HostOptions } from '../datasets/venues/hosts.js';
import type { IngestOptions } from '../datasets/venues/ingest.js';
import type { Context } from './context.js';

export function ingestOptions({ config }: Context): IngestOptions {
  return {
    type: config.type ?? null,
    choice: { top: config.top ?? null, minVolume: config.minVolume === undefined ? null : microsOf(config.minVolume) },
    details: config.with,
    fresh: config.fresh,
  };
}

export function venueHosts({ config, log }: Context): Omit<HostOptions, 'stop'> {
  return {
    urls: {
      gamma: config.gammaUrl,
      clob: config.clobUrl,
      dataApi: config.dataApiUrl,
      kalshi: config.kalshiUrl,
      limitless: config.limitlessUrl,
      opinion: config.opinionUrl,
      massive: config.massiveUrl,
      odds: config.oddsUrl,
    },
    keys: { opinion: config.opinionApiKey, kalshi: config.kalshiApiKey },
    deadlineMs: config.requestTimeout,
    retryBaseMs: config.retryBase,
    giveUpAfterMs: config.giveUpAfter,
    sleep: pause,
    onRetry: (_what, failure) => log.warn({ code: failure.code }, `${failure.message}; trying again`),
  };
}
