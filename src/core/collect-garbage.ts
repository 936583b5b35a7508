import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';

/**
 * Gives back at once what has become garbage. V8 collects when it allocates: a thread that has planned and now only waits
 * keeps the garbage of planning for half a minute, beside everything the load needs. Measured on 171,305 markets: 1,040 MB
 * at most without it, 750 MB with it, for a tenth of a second.
 */
export function collectGarbage(): void {
  setFlagsFromString('--expose-gc');
  const collect: unknown = runInNewContext('gc');
  if (typeof collect === 'function') collect();
}
