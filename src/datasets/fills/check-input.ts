import type { Context } from '../../cli/context.js';
import { usageError } from '../../core/exit.js';
import { findRun } from '../../run/run-folder.js';
import { readCatalogue } from '../conditions/catalogue.js';
import { existingRun } from './open-run.js';
import { type AskedSelection, readSelection } from './planning.js';

/** Everything that can be wrong with files and options, before a server is started or a folder made. Throws ExitError(1). */
export function checkInput(ctx: Context): AskedSelection {
  const { config } = ctx;
  if (config.fresh && config.refresh) {
    throw usageError('--fresh begins with an empty table, --refresh with a copy of live', 'give one of them');
  }
  const asked = readSelection(ctx);
  if (config.catalogue !== undefined) readCatalogue(config.catalogue);
  // `run` goes on behind a promotion, the others cannot.
  if (ctx.command === 'run' && config.run !== undefined && !config.fresh) findRun(config.checkpoints, config.run);
  else existingRun(ctx);
  return asked;
}
