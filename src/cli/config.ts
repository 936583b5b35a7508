import { existsSync, readFileSync, statSync } from 'node:fs';
import { parseEnv } from 'node:util';
import type { z } from 'zod';
import { usageError } from '../core/exit.js';
import { COMMANDS, type CommandName } from './command-table.js';
import { type Config, flagOf, OPTIONS, type OptionName } from './options.js';

/**
 * One value for every option: flag > environment > `.env` > default. The only reader of the environment.
 * Collects every mistake before it speaks, names the flag or variable and never echoes a secret.
 */
export function loadConfig(
  command: CommandName,
  flags: Readonly<Record<string, unknown>>,
  environment: NodeJS.ProcessEnv = process.env,
  envFile = '.env',
): Config {
  const fileValues = readEnvFile(envFile);
  const allowed = new Set<OptionName>(COMMANDS[command].options);
  const mistakes: string[] = [];
  const config: Record<string, unknown> = {};
  for (const [name, spec] of Object.entries(OPTIONS) as [OptionName, (typeof OPTIONS)[OptionName]][]) {
    // An option of another command keeps its default: a wrong variable for `fills` must not stop `status`.
    const usable = allowed.has(name) || 'envOnly' in spec;
    const given = usable ? firstGiven(flags[flagOf(name)], environment[spec.env], fileValues[spec.env]) : undefined;
    const parsed = (spec.schema as z.ZodType).safeParse(given?.value);
    if (parsed.success) config[name] = parsed.data;
    else mistakes.push(describeMistake(name, given, parsed.error));
  }
  if (mistakes.length > 0) {
    throw usageError(mistakes.join('\n'), `backfill ${command} --help lists the options`);
  }
  return config as Config;
}

function readEnvFile(file: string): NodeJS.Dict<string> {
  if (!existsSync(file)) return {};
  if (statSync(file).isDirectory()) {
    throw usageError(`${file} is a folder, where a file with settings is expected`, 'rename the folder');
  }
  try {
    return parseEnv(readFileSync(file, 'utf8'));
  } catch (error) {
    throw usageError(`${file} cannot be read: ${(error as Error).message}`, 'make it readable, or move it away');
  }
}

/** Where the shell looks for programs. */
export function shellPath(): string {
  return process.env.PATH ?? '';
}

interface Given {
  readonly value: unknown;
  readonly from: 'flag' | 'environment' | '.env';
}

/** An empty variable is a variable that is not set, as in a shell. */
function firstGiven(flag: unknown, env: unknown, file: unknown): Given | undefined {
  if (flag !== undefined) return { value: flag, from: 'flag' };
  if (env !== undefined && env !== '') return { value: env, from: 'environment' };
  if (file !== undefined && file !== '') return { value: file, from: '.env' };
  return undefined;
}

function describeMistake(name: OptionName, given: Given | undefined, error: z.ZodError): string {
  const spec = OPTIONS[name];
  const place = given?.from === 'flag' ? `--${flagOf(name)}` : `${spec.env} (${given?.from ?? 'default'})`;
  const reason = error.issues.map((issue) => issue.message).join('; ');
  // A URL may hold a password, also where no URL belongs, so only what cannot be secret is shown again.
  const secret = 'secret' in spec || name.endsWith('Url') || String(given?.value).includes('://');
  const shown = secret ? '' : ` (got ${JSON.stringify(given?.value ?? null)})`;
  return `${place}: ${reason}${shown}`;
}
