import { setMaxListeners } from 'node:events';
import { SIGNALS } from '../core/early-signals.js';
import { type Ending, endingOf, renderEnding } from '../core/ending.js';
import { EXIT, ExitError } from '../core/exit.js';
import { FailureError } from '../core/failure.js';
import { type Clean, cleaner } from '../core/hide.js';
import { Releases } from '../core/releases.js';
import { VERSION } from '../core/version.js';
import { urlSecrets } from '../net/redact.js';
import { type LogSinks, openLog } from '../report/log.js';
import type { Output } from '../report/step.js';
import { type Invocation, parseArguments } from './arguments.js';
import { commandFor } from './command-modules.js';
import { loadConfig, shellPath } from './config.js';
import type { Context } from './context.js';
import { type Config, OPTIONS, type OptionName } from './options.js';
import { nameCommands, programName } from './program-name.js';

/** The program's edge: arguments in, signals, exit code out. `main.ts` begins and ends it. */
type End = (code: number) => never;

/** Where the program begins; `listening` is called once it looks after signals itself. */
export interface Edge {
  readonly end: End;
  listening(): void;
}

async function main(edge: Edge): Promise<number> {
  const parsed = await parseArguments(process.argv.slice(2), VERSION);
  if ('text' in parsed) {
    process.stdout.write(`${parsed.text}\n`);
    return EXIT.done;
  }
  return runCommand(parsed, edge);
}

async function runCommand({ command, flags }: Invocation, edge: Edge): Promise<number> {
  const config = loadConfig(command, flags);
  const secrets = secretsOf(config);
  const clean = cleaner(secrets);
  const sinks = openLog({ level: config.logLevel, secrets, file: config.logFile });
  const releases = new Releases();
  const { stop, stopNow } = listenForSignals(sinks, releases, edge);
  const out = stdout(config.json, clean);
  const context: Context = { command, config, log: sinks.log, sinks, out, stop, stopNow, releases };
  try {
    const run = await commandFor(command);
    await run(context);
    return EXIT.done;
  } catch (error) {
    return report(interruption(error, stop) ?? error, sinks, config.json, clean);
  } finally {
    for (const { what, error } of await releases.run())
      sinks.log.error({ error: String(error) }, `could not release ${what}`);
  }
}

/** A request that was given up because of the signal is no failure of source or target. */
function interruption(error: unknown, stop: AbortSignal): unknown {
  const givenUp = error instanceof FailureError && error.failure.code === 'stopped';
  return stop.aborted && givenUp ? stop.reason : undefined;
}

/** First signal: finish what is in flight. Second: end at once, with what the checkpoint already holds. */
function listenForSignals(
  sinks: LogSinks,
  releases: Releases,
  { end, listening }: Edge,
): { stop: AbortSignal; stopNow: AbortSignal } {
  const stop = new AbortController();
  const stopNow = new AbortController();
  // Every request in flight listens.
  setMaxListeners(0, stop.signal, stopNow.signal);
  const onSignal = (signal: NodeJS.Signals) => {
    if (!stop.signal.aborted) {
      sinks.log.warn(`${signal}: finishing what is in flight; once more stops at once`);
      stop.abort(new ExitError(EXIT.interrupted, `interrupted by ${signal}`, 'run the same command to continue'));
      return;
    }
    if (stopNow.signal.aborted) end(EXIT.interrupted);
    stopNow.abort();
    sinks.log.warn(`${signal}: stopping at once`);
    // Children and locks go in order, but nobody waits long for them.
    setTimeout(() => end(EXIT.interrupted), 2000).unref();
    void releases.run().then(() => end(EXIT.interrupted));
  };
  for (const signal of SIGNALS) process.on(signal, onSignal);
  listening();
  return { stop: stop.signal, stopNow: stopNow.signal };
}

/** How a person starts this program; the folders of the shell are looked through once, when it is first needed. */
let typed: string | undefined;
function typedName(): string {
  typed ??= programName(shellPath());
  return typed;
}

function stdout(json: boolean, clean: Clean): Output {
  return {
    text(block) {
      if (!json) process.stdout.write(`${nameCommands(clean(block), typedName())}\n`);
    },
    result(value) {
      if (json) process.stdout.write(`${JSON.stringify(clean(value))}\n`);
    },
  };
}

/** One error, one message: what happened, on what, and what to do next. */
function report(error: unknown, sinks: LogSinks, json: boolean, clean: Clean): number {
  const ending = named(clean(endingOf(error)));
  const said = error instanceof ExitError && error.saidOnStdout;
  if (json && !said) {
    const { code: exitCode, message, hint } = ending;
    process.stdout.write(`${JSON.stringify({ exitCode, error: message, hint })}\n`);
  }
  process.stderr.write(renderEnding(ending));
  const stack = error instanceof Error && !(error instanceof ExitError) ? error.stack : undefined;
  sinks.toFiles({ exitCode: ending.code, stack }, ending.message);
  return ending.code;
}

function named({ code, message, hint }: Ending): Ending {
  const name = typedName();
  return { code, message: nameCommands(message, name), hint: nameCommands(hint, name) };
}

/** What no line may show: options that are secrets, and what URLs hold of them. */
function secretsOf(config: Config): string[] {
  return (Object.entries(config) as [OptionName, unknown][]).flatMap(([name, value]) => {
    const texts = [value].flat().filter((text) => typeof text === 'string' && text !== '') as string[];
    if ('secret' in OPTIONS[name]) return texts;
    return /urls?$/i.test(name) ? texts.flatMap(urlSecrets) : [];
  });
}

export function start(edge: Edge): void {
  const endWith = (error: unknown): never => {
    const ending = named(cleaner([])(endingOf(error)));
    process.stderr.write(renderEnding(ending));
    return edge.end(ending.code);
  };
  // What nobody waits for: a lock that was lost (run/lock.ts), or a bug. Nothing may be written after either.
  process.on('uncaughtException', endWith);
  main(edge).then(edge.end, endWith);
}
