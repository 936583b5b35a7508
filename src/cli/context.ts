import type { StepContext } from '../report/step.js';
import type { CommandName } from './command-table.js';
import type { Config } from './options.js';

/** What every command is given; `program.ts` makes it. Steps are given the `StepContext` of it and settings of their own. */
export interface Context extends StepContext {
  readonly command: CommandName;
  readonly config: Config;
}
