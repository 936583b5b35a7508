import { readFileSync } from 'node:fs';
import { helpText } from '../../src/cli/arguments.js';
import { COMMANDS, type CommandName } from '../../src/cli/command-table.js';
import { flagOf, OPTIONS, type OptionName } from '../../src/cli/options.js';

/** The page on commands and options, made from the program: `scripts/docs.ts` writes it, a test compares it. */
export async function helpBlock(): Promise<string> {
  const { version } = JSON.parse(readFileSync(new URL('../../package.json', import.meta.url), 'utf8')) as {
    version: string;
  };
  const program = await helpText(null, version);
  return ['```', program.trim(), '```', '', ...optionTable(), ''].join('\n');
}

/** One row an option: flags are the same in every command that takes them. */
function optionTable(): string[] {
  const commands = Object.keys(COMMANDS) as CommandName[];
  const rows = (Object.keys(OPTIONS) as OptionName[]).map((name) => {
    const spec = OPTIONS[name];
    const takers = commands.filter((command) => (COMMANDS[command].options as readonly OptionName[]).includes(name));
    const where = takers.length === commands.length ? 'every command' : takers.join(', ');
    const flag = 'envOnly' in spec ? '' : `\`--${flagOf(name)}${'metavar' in spec ? ` ${spec.metavar}` : ''}\``;
    const fallback = spec.schema.safeParse(undefined);
    const value = fallback.success ? fallback.data : undefined;
    const time = 'metavar' in spec && spec.metavar === 'TIME';
    const shown =
      value === undefined || value === false || value === '' ? '' : `\`${time ? `${Number(value) / 1000}s` : value}\``;
    return `| ${flag} | \`${spec.env}\` | ${spec.describe} | ${shown} | ${where || 'environment only'} |`;
  });
  return ['| flag | environment | meaning | default | commands |', '| --- | --- | --- | --- | --- |', ...rows];
}
