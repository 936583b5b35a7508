import { usageError } from '../../core/exit.js';
import { findRun } from '../../run/run-folder.js';
import { readCatalogue } from '../conditions/catalogue.js';
import { existingRun } from './open-run.js';
import { type AskedSelection, readSelection } from './planning.js';
import type { RunSettings, SelectionSettings } from './settings.js';

export interface AskedInput {
  readonly run: RunSettings;
  readonly selection: SelectionSettings;
  /** A file of names of markets. */
  readonly catalogue: string | undefined;
  /** `run` goes on behind a promotion, the others cannot. */
  readonly beyondPromotion: boolean;
}

/** Everything that can be wrong with files and options, before a server is started or a folder made. Throws ExitError(1). */
export function checkInput({ run, selection, catalogue, beyondPromotion }: AskedInput): AskedSelection {
  if (run.fresh && run.refresh) {
    throw usageError('--fresh begins with an empty table, --refresh with a copy of live', 'give one of them');
  }
  const asked = readSelection(selection);
  if (catalogue !== undefined) readCatalogue(catalogue);
  if (beyondPromotion && run.run !== undefined && !run.fresh) findRun(run.checkpoints, run.run);
  else existingRun(run);
  return asked;
}
