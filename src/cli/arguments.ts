import type { Argv } from 'yargs';
import yargs from 'yargs';
import { EXIT, ExitError } from '../core/exit.js';
import { COMMANDS, type CommandName } from './command-table.js';
import type { OptionSpec } from './option-spec.js';
import { flagOf, OPTIONS } from './options.js';

export interface Invocation {
  readonly command: CommandName;
  /** Flags as given, by their name without dashes; absent ones are absent. */
  readonly flags: Readonly<Record<string, unknown>>;
}

/** What the arguments ask for: a command, or text to print (help, version). Throws ExitError(1) for anything else. */
export async function parseArguments(args: readonly string[], version: string): Promise<Invocation | { text: string }> {
  let invocation: Invocation | null = null;
  let text = '';
  const parser = buildParser(version, (found) => {
    invocation = found;
  });
  await parser.parseAsync([...args], {}, (error, _argv, output) => {
    // A URL in the wrong place may hold a password.
    const words = error?.message.replace(/\S*:\/\/\S*/g, '(a URL)');
    if (words !== undefined) throw new ExitError(EXIT.usage, words, 'backfill --help lists commands and options');
    text = output;
  });
  if (invocation) return invocation;
  if (text === '') throw new ExitError(EXIT.usage, 'no command given', 'backfill --help lists commands and options');
  return { text };
}

/** The help text of the program or of one command, as `--help` prints it. */
export async function helpText(command: CommandName | null, version: string): Promise<string> {
  const parsed = await parseArguments(command === null ? ['--help'] : [command, '--help'], version);
  return 'text' in parsed ? parsed.text : '';
}

function buildParser(version: string, onCommand: (invocation: Invocation) => void): Argv {
  const parser = yargs()
    .scriptName('backfill')
    .usage('backfill <command> [options]')
    .version(version)
    .help()
    .wrap(120)
    .exitProcess(false)
    .showHelpOnFail(false)
    .strict()
    .recommendCommands()
    .demandCommand(1, 'no command given')
    .parserConfiguration({ 'camel-case-expansion': false, 'duplicate-arguments-array': false, 'parse-numbers': false })
    .epilogue(
      'Every option has an environment variable; .env is read; flags win. Secrets come from the environment only.',
    );
  for (const [name, spec] of Object.entries(COMMANDS) as [CommandName, (typeof COMMANDS)[CommandName]][]) {
    parser.command(
      name,
      spec.describe,
      (argv) => {
        for (const option of spec.options) argv.option(flagOf(option), flagSpec(OPTIONS[option]));
        return argv.demandCommand(0, 0, undefined, `${name} takes no arguments, only options`);
      },
      (argv) => {
        const { _, $0, ...flags } = argv as Record<string, unknown>;
        onCommand({ command: name, flags });
      },
    );
  }
  return parser;
}

/** Numbers are parsed by the configuration's schema: yargs would turn `12abc` into NaN without a word. */
function flagSpec(spec: OptionSpec) {
  const fallback = spec.schema.safeParse(undefined);
  const value = fallback.success ? fallback.data : undefined;
  const readable = spec.metavar === 'TIME' ? `${Number(value) / 1000}s` : value;
  const shown = value === undefined || value === false ? '' : `default: ${readable}, `;
  return {
    type: spec.kind === 'boolean' ? ('boolean' as const) : ('string' as const),
    requiresArg: spec.kind !== 'boolean',
    describe: `${spec.describe} [${shown}${spec.env}]`,
  };
}
