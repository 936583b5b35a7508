/** Exit codes are part of the interface: scripts and schedulers act on them. */
export const EXIT = {
  done: 0,
  usage: 1,
  leftOver: 2,
  gateFailed: 3,
  baselineNotMet: 4,
  unavailable: 75,
  interrupted: 130,
} as const;

export type ExitCode = (typeof EXIT)[keyof typeof EXIT];

/** An outcome that ends the command with a code. `hint` says what to do next. */
export class ExitError extends Error {
  override readonly name = 'ExitError';
  constructor(
    readonly code: ExitCode,
    message: string,
    readonly hint?: string,
    /** The result on stdout says so already: under `--json` nothing further is printed there. */
    readonly saidOnStdout = false,
  ) {
    super(message);
  }
}

/** Wrong input or configuration: nothing has been touched. */
export function usageError(message: string, hint?: string): ExitError {
  return new ExitError(EXIT.usage, message, hint);
}
