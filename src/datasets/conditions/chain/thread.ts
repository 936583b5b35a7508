import { openTarget } from '../../../clickhouse/client.js';
import type { TargetSettings } from '../../../clickhouse/target.js';
import type { Opened } from '../../../engine/ports.js';
import type { RateMemory } from '../../../net/rate-cell.js';
import { sharedRate } from '../../../net/shared-rate.js';
import { Portal } from '../../../sources/chain/portal.js';
import type { BlockRange } from '../../../sources/chain/provider-words.js';
import { type ConditionBatch, conditionsReader, conditionsSink } from './reader.js';

/** What a thread needs to load logs of conditions. Credentials travel here and nowhere else. */
export interface ConditionThreadSettings {
  readonly source: { readonly url: string; readonly apiKey?: string; readonly silenceMs: number };
  readonly target: TargetSettings & { readonly url: string };
  readonly batchRows: number;
  readonly rateMemory: RateMemory;
}

/** Opens a thread's own connections to source and target. */
export async function open(
  settings: ConditionThreadSettings,
  units: number,
): Promise<Opened<ConditionBatch, BlockRange>> {
  const rate = sharedRate(settings.rateMemory);
  const source = new Portal({ ...settings.source, connections: units, rate });
  const target = await openTarget(settings.target);
  return { reader: conditionsReader(source), sink: conditionsSink(target, settings.batchRows) };
}
