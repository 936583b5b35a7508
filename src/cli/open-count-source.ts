import type { CountSource } from '../datasets/fills/checks/count-source.js';
import { subgraphCountSource } from '../datasets/fills/subgraph/subgraph-count-source.js';
import type { Checkpoint } from '../run/checkpoint.js';
import { openLink } from '../sources/subgraph/link.js';
import type { Context } from './context.js';
import { sourceSettings } from './settings.js';

/** Verify's way to the source: the same block as the run, the same limit and retries. */
export async function openCountSource(ctx: Context, checkpoint: Checkpoint): Promise<CountSource> {
  const { client, retry } = openLink(ctx, sourceSettings(ctx.config));
  return subgraphCountSource(
    client,
    { block: checkpoint.pinned ? checkpoint.block : null, retry, signal: ctx.stop },
    (why) => ctx.log.warn(`the source refuses the run's block by now; tokens are read again at its head: ${why}`),
  );
}
