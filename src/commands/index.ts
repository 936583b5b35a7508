import type { Context } from '../context.js';
import type { CommandName } from './table.js';

type Command = (ctx: Context) => Promise<void>;

/** Each command's code is loaded only when it is asked for: `status` must not wait for an engine to load. */
const COMMAND_MODULES: Readonly<Record<CommandName, () => Promise<Command>>> = {
  demo: async () => (await import('./demo.js')).demo,
  markets: async () => (await import('./markets.js')).markets,
  fills: async () => (await import('./fills.js')).fills,
  run: async () => (await import('./run.js')).run,
  status: async () => (await import('./status.js')).status,
  verify: async () => (await import('./verify.js')).verify,
  promote: async () => (await import('./promote.js')).promote,
  'rebuild-pnl': async () => (await import('./rebuild-pnl.js')).rebuildPnl,
  'validate-pnl': async () => (await import('./validate-pnl.js')).validatePnl,
  profile: async () => (await import('./profile.js')).profile,
  simulate: async () => (await import('./simulate.js')).simulate,
  clickhouse: async () => (await import('./clickhouse.js')).clickhouse,
};

export function commandFor(name: CommandName): Promise<Command> {
  return COMMAND_MODULES[name]();
}
