import { openTarget } from '../../../clickhouse/client.js';
import type { TargetSettings } from '../../../clickhouse/target.js';
import type { Opened } from '../../../engine/ports.js';
import { tell } from '../../../net/host-rate.js';
import type { RateMemory } from '../../../net/rate-cell.js';
import { sharedRate } from '../../../net/shared-rate.js';
import { SourceClient } from '../../../sources/subgraph/client.js';
import type { FillBatch } from '../fill-batch.js';
import type { Segment } from '../plan/segment.js';
import { fillsSink } from '../sink.js';
import { fetchPage } from './page.js';
import { parsePlainPage } from './plain-page.js';
import { subgraphReader } from './reader.js';

/** What a thread needs to load fills of the subgraph. Credentials travel here and nowhere else. */
export interface SubgraphThreadSettings {
  readonly source: { readonly url: string; readonly token: string | undefined; readonly deadlineMs: number };
  readonly target: TargetSettings & { readonly url: string };
  readonly table: string;
  readonly batchRows: number;
  readonly rateMemory: RateMemory;
}

/** Opens a thread's own connections to source and target. */
export async function open(
  settings: SubgraphThreadSettings,
  units: number,
): Promise<Opened<FillBatch, readonly Segment[]>> {
  const rate = sharedRate(settings.rateMemory);
  const client = new SourceClient({
    ...settings.source,
    connections: units,
    parsePlain: parsePlainPage,
    // Everyone waits, not only the chunk that met the refusal.
    onResponse: (failure) => tell(rate, failure),
  });
  const target = await openTarget(settings.target);
  return {
    reader: subgraphReader(client, rate, (lanes, how) => fetchPage(client, lanes, how)),
    sink: fillsSink(target, settings.table, settings.batchRows),
  };
}
