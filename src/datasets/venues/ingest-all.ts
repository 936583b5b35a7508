/** All venues of an ingest, side by side or one after the other: a venue that fails does not keep the others. */
import type { Target } from '../../clickhouse/target.js';
import { VENUE_PARTS } from './all.js';
import { type HostOptions, VenueHosts } from './hosts.js';
import { type IngestDeps, type IngestOptions, ingestVenue, type VenueReport } from './ingest.js';
import type { Venue } from './model.js';
import { VenueSink } from './sink.js';
import { collapseVenueTables, ensureVenueTables } from './tables.js';

export interface IngestAll {
  readonly target: Target;
  readonly venues: readonly Venue[];
  readonly sequential: boolean;
  readonly options: IngestOptions;
  readonly hosts: Omit<HostOptions, 'stop'>;
  readonly runId: string;
  readonly stop: AbortSignal;
  readonly onPage: IngestDeps['onPage'];
  readonly log: IngestDeps['log'];
}

/** Throws the stop signal's reason, and what is wrong with the target. */
export async function ingestAll(all: IngestAll): Promise<VenueReport[]> {
  await ensureVenueTables(all.target);
  const reports: VenueReport[] = [];
  const halt = new AbortController();
  const one = async (venue: Venue): Promise<void> => {
    try {
      reports.push(await ingestOne(all, venue, AbortSignal.any([all.stop, halt.signal])));
    } catch (error) {
      // The target is everyone's: the others need not go on.
      halt.abort(error);
      throw error;
    }
  };
  if (all.sequential) for (const venue of all.venues) await one(venue);
  else await allOrFirst(all.venues.map(one));
  await collapseVenueTables(all.target);
  return all.venues.flatMap((venue) => reports.filter((report) => report.venue === venue));
}

/** Waits for all of them to end, also when one fails. */
async function allOrFirst(runs: readonly Promise<void>[]): Promise<void> {
  const ends = await Promise.allSettled(runs);
  const failed = ends.find((end) => end.status === 'rejected');
  if (failed !== undefined) throw failed.reason;
}

async function ingestOne(all: IngestAll, venue: Venue, stop: AbortSignal): Promise<VenueReport> {
  const parts = VENUE_PARTS[venue];
  const hosts = new VenueHosts(parts.hosts, { ...all.hosts, stop });
  try {
    return await ingestVenue(parts, all.options, {
      target: all.target,
      hosts,
      sink: new VenueSink(all.target),
      runId: all.runId,
      stop,
      now: Date.now,
      onPage: all.onPage,
      log: all.log,
    });
  } finally {
    await hosts.close();
  }
}
