import type { Target } from '../../../src/clickhouse/target.js';
import { VENUE_PARTS } from '../../../src/datasets/venues/all.js';
import { VenueHosts } from '../../../src/datasets/venues/hosts.js';
import { type IngestOptions, ingestVenue, type VenueReport } from '../../../src/datasets/venues/ingest.js';
import type { Venue } from '../../../src/datasets/venues/model.js';
import { VenueSink } from '../../../src/datasets/venues/sink.js';
import type { Venues } from '../../../src/simulator/venues/server.js';

export const EVERYTHING: IngestOptions = {
  type: null,
  choice: { top: null, minVolume: null },
  details: [],
  fresh: false,
};

export interface Run {
  readonly options?: Partial<IngestOptions>;
  readonly runId?: string;
  readonly giveUpAfterMs?: number;
  /** Stops the run when so many pages have been read. */
  readonly stopAfterPages?: number;
}

/** One ingest of one venue against the simulated one. */
export async function ingest(target: Target, venues: Venues, venue: Venue, run: Run = {}): Promise<VenueReport> {
  const parts = VENUE_PARTS[venue];
  const stop = new AbortController();
  let pages = 0;
  const hosts = new VenueHosts(parts.hosts, {
    urls: venues.urls,
    keys: { opinion: 'any' },
    deadlineMs: 20_000,
    retryBaseMs: 5,
    giveUpAfterMs: run.giveUpAfterMs ?? 60_000,
    stop: stop.signal,
    paceScale: 100,
    sleep: (ms) => new Promise((resolve) => setTimeout(resolve, ms, true)),
    onRetry: () => undefined,
  });
  try {
    return await ingestVenue(
      parts,
      { ...EVERYTHING, ...run.options },
      {
        target,
        hosts,
        sink: new VenueSink(target),
        runId: run.runId ?? 'first',
        stop: stop.signal,
        now: Date.now,
        onPage: () => {
          if (++pages === run.stopAfterPages) stop.abort(new Error('stopped by the test'));
        },
        log: { info: () => undefined, warn: () => undefined },
      },
    );
  } finally {
    await hosts.close();
  }
}

export const failedChecks = ({ checks }: VenueReport) => checks.filter(({ passed }) => !passed);
