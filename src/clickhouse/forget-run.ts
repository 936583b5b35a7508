import type { Target } from './target.js';

/** Deletes what was written about a run before: it is about to be written again. */
export async function forgetRun(target: Target, table: string, run: string): Promise<void> {
  await target.command('DELETE FROM {table:Identifier} WHERE run = {run:String}', {
    names: { table },
    params: { run },
    purpose: `forgetting what ${table} holds of the run`,
  });
}
