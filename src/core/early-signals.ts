import { EXIT } from './exit.js';

/** What asks the program to end. */
export const SIGNALS = ['SIGINT', 'SIGTERM', 'SIGHUP'] as const;

/** A signal before the program listens itself ends it at once: nothing has begun. Returns what takes these listeners off. */
export function listenEarly(end: (code: number) => never): () => void {
  const onSignal = (signal: NodeJS.Signals) => {
    process.stderr.write(`backfill: interrupted by ${signal} before anything was begun\n`);
    end(EXIT.interrupted);
  };
  for (const signal of SIGNALS) process.on(signal, onSignal);
  return () => {
    for (const signal of SIGNALS) process.off(signal, onSignal);
  };
}
