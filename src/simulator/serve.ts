/** A simulated source that runs until it is told to stop: what `backfill simulate` is made of. */
import { createRecordedUniverse, readRecordedConditions, readRecordedEvents } from './recorded.js';
import { type Simulator, type SimulatorOptions, startSimulator } from './server.js';
import type { SyntheticOptions } from './synthetic/options.js';
import { createSyntheticUniverse } from './synthetic/universe.js';
import type { Universe } from './universe.js';

/** Where the universe comes from: recorded files, or a seed. */
export type UniverseSource =
  | { readonly events: string; readonly conditions?: string }
  | (SyntheticOptions & { readonly events?: undefined });

export async function openUniverse(source: UniverseSource): Promise<Universe> {
  if (source.events === undefined) return createSyntheticUniverse(source);
  return createRecordedUniverse({
    events: await readRecordedEvents(source.events),
    ...(source.conditions === undefined ? {} : { conditions: await readRecordedConditions(source.conditions) }),
  });
}

/** Serves until the signal is aborted; `onStarted` is where the URLs are printed. */
export async function serveUntilStopped(
  options: Omit<SimulatorOptions, 'universe'> & { readonly source: UniverseSource },
  signal: AbortSignal,
  onStarted: (simulator: Simulator) => void,
): Promise<void> {
  const { source, ...rest } = options;
  const simulator = await startSimulator({ ...rest, universe: await openUniverse(source) });
  onStarted(simulator);
  if (!signal.aborted)
    await new Promise<void>((resolve) => signal.addEventListener('abort', () => resolve(), { once: true }));
  await simulator.close();
}
