import { setMaxListeners } from 'node:events';
import { endingOf, renderEnding } from '../core/ending.js';
import { EXIT, ExitError } from '../core/exit.js';
import { FailureError } from '../core/failure.js';
import { Releases } from '../core/releases.js';
import { VERSION } from '../core/version.js';
import { FiguresBoard } from '../report/figures.js';
import { hider, type LogSinks, openLog } from '../report/log.js';
import type { Output } from '../report/step.js';
import { type Invocation, parseArguments } from './arguments.js';
import { commandFor } from './command-modules.js';
import { loadConfig } from './config.js';
import type { Context } from './context.js';
import { OPTIONS } from './options.js';

/** The program's edge: arguments in, signals, exit code out. `main.ts` begins and ends it. */
type End = (code: number) => never;

async function main(end: End): Promise<number> {
  const parsed = await parseArguments(process.argv.slice(2), VERSION);
  if ('text' in parsed) {
    process.stdout.write(`${parsed.text}\n`);
    return EXIT.done;
  }
  return runCommand(parsed, end);
}

async function runCommand({ command, flags }: Invocation, end: End): Promise<number> {
  const config = loadConfig(command, flags);
  const secrets = secretsOf(config);
  const sinks = openLog({ level: config.logLevel, secrets, file: config.logFile });
  const releases = new Releases();
  const { stop, stopNow } = listenForSignals(sinks, releases, end);
  const out = stdout(config.json);
  const figures = new FiguresBoard();
  const context: Context = { command, config, log: sinks.log, sinks, out, figures, stop, stopNow, releases };
  try {
    const run = await commandFor(command);
    await run(context);
    return EXIT.done;
  } catch (error) {
    return report(interruption(error, stop) ?? error, sinks, config.json, secrets);
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
function listenForSignals(sinks: LogSinks, releases: Releases, end: End): { stop: AbortSignal; stopNow: AbortSignal } {
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
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.on(signal, onSignal);
  return { stop: stop.signal, stopNow: stopNow.signal };
}

function stdout(json: boolean): Output {
  return {
    text(block) {
      if (!json) process.stdout.write(`${block}\n`);
    },
    result(value) {
      if (json) process.stdout.write(`${JSON.stringify(value)}\n`);
    },
  };
}

/** One error, one message: what happened, on what, and what to do next. */
function report(error: unknown, sinks: LogSinks, json: boolean, secrets: readonly string[]): number {
  const hide = hider(secrets);
  const ending = endingOf(error);
  if (json && !(error instanceof ExitError && error.saidOnStdout))
    process.stdout.write(
      `${hide(JSON.stringify({ exitCode: ending.code, error: ending.message, hint: ending.hint }))}\n`,
    );
  process.stderr.write(hide(renderEnding(ending)));
  const stack = error instanceof Error && !(error instanceof ExitError) ? error.stack : undefined;
  sinks.toFiles({ exitCode: ending.code, stack }, ending.message);
  return ending.code;
}

/** Keys and passwords, and what the URLs hold of them. */
function secretsOf(config: Record<string, unknown>): string[] {
  const found: string[] = [];
  for (const [name, spec] of Object.entries(OPTIONS)) {
    const value = config[name];
    if (typeof value !== 'string') continue;
    if ('secret' in spec) found.push(value);
    if (!name.endsWith('Url')) continue;
    const url = new URL(value);
    if (url.password !== '') found.push(decodeURIComponent(url.password));
    // Keys are often given as a query parameter.
    for (const part of url.searchParams.values()) if (part.length >= 8) found.push(part);
  }
  return found;
}

export function start(end: End): void {
  const endWith = (error: unknown): never => {
    const ending = endingOf(error);
    process.stderr.write(renderEnding(ending));
    return end(ending.code);
  };
  // What nobody waits for: a lock that was lost (run/lock.ts), or a bug. Nothing may be written after either.
  process.on('uncaughtException', endWith);
  main(end).then(end, endWith);
}
