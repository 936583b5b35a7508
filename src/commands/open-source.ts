import type { Context } from '../context.js';
import { openSource } from '../job/source-link.js';
import type { Checkpoint } from '../run/checkpoint.js';
import type { CountSource } from '../verify/count-source.js';
import { subgraphCountSource } from '../verify/subgraph-source.js';

/** Verify's way to the source: the same block as the run, the same limit and retries. */
export async function openCountSource(ctx: Context, checkpoint: Checkpoint): Promise<CountSource> {
  const { client, retry } = openSource(ctx);
  return subgraphCountSource(
    client,
    { block: checkpoint.pinned ? checkpoint.block : null, retry, signal: ctx.stop },
    (why) => ctx.log.warn(`the source refuses the run's block by now; tokens are read again at its head: ${why}`),
  );
}
