import type { Logger } from 'pino';
import type { Releases } from '../core/releases.js';
import type { LogSinks } from './log.js';

/** What every step of a command is given: where it speaks, when it must end, and what it leaves to be released. */
export interface StepContext {
  readonly log: Logger;
  readonly sinks: LogSinks;
  readonly out: Output;
  /** Aborted by the first SIGINT or SIGTERM: finish what is in flight, write the checkpoint, end with 130. */
  readonly stop: AbortSignal;
  /** Aborted by the second: stop at once. */
  readonly stopNow: AbortSignal;
  readonly releases: Releases;
}

/** Stdout. Logs go to stderr, so a result can be piped. */
export interface Output {
  /** Text for people; silent under `--json`. */
  text(block: string): void;
  /** The command's result, printed once as JSON under `--json`. */
  result(value: Record<string, unknown>): void;
}
