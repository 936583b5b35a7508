import type { CommandName } from './command-table.js';
import type { Context } from './context.js';

type Command = (ctx: Context) => Promise<void>;

/** Each command's code is loaded only when it is asked for: `status` must not wait for an engine to load. */
const COMMAND_MODULES: Readonly<Record<CommandName, () => Promise<Command>>> = {
  demo: async () => (await import('./commands/demo.js')).demo,
  markets: async () => (await import('./commands/markets.js')).markets,
  fills: async () => (await import('./commands/fills.js')).fills,
  run: async () => (await import('./commands/run.js')).run,
  status: async () => (await import('./commands/status.js')).status,
  verify: async () => (await import('./commands/verify.js')).verify,
  promote: async () => (await import('./commands/promote.js')).promote,
  'rebuild-pnl': async () => (await import('./commands/rebuild-pnl.js')).rebuildPnl,
  'validate-pnl': async () => (await import('./commands/validate-pnl.js')).validatePnl,
  migrate: async () => (await import('./commands/migrate.js')).migrate,
  profile: async () => (await import('./commands/profile.js')).profile,
  ingest: async () => (await import('./commands/ingest.js')).ingest,
  check: async () => (await import('./commands/check.js')).check,
  collect: async () => (await import('./commands/collect.js')).collect,
  bars: async () => (await import('./commands/bars.js')).bars,
  simulate: async () => (await import('./commands/simulate.js')).simulate,
  clickhouse: async () => (await import('./commands/clickhouse.js')).clickhouse,
};

export function commandFor(name: CommandName): Promise<Command> {
  return COMMAND_MODULES[name]();
}
