import { openTarget } from '../../../clickhouse/client.js';
import type { TargetSettings } from '../../../clickhouse/target.js';
import type { Opened } from '../../../engine/ports.js';
import type { RateMemory } from '../../../net/rate-cell.js';
import { type ChainAccess, openChainInThread } from '../../../sources/chain/access.js';
import type { BlockRange } from '../../../sources/chain/provider-words.js';
import { type ConditionBatch, conditionsReader, conditionsSink } from './reader.js';

/** What a thread needs to load logs of conditions. Credentials travel here and nowhere else. */
export interface ConditionThreadSettings {
  readonly access: ChainAccess;
  readonly rates: readonly RateMemory[];
  readonly target: TargetSettings & { readonly url: string };
  readonly batchRows: number;
}

/** Opens a thread's own connections to source and target. */
export async function open(
  settings: ConditionThreadSettings,
  units: number,
): Promise<Opened<ConditionBatch, BlockRange>> {
  const source = openChainInThread(settings.access, settings.rates, units);
  const target = await openTarget(settings.target);
  return { reader: conditionsReader(source), sink: conditionsSink(target, settings.batchRows) };
}
