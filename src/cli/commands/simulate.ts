import { existsSync, readFileSync } from 'node:fs';
import { z } from 'zod';
import { EXIT, ExitError, usageError } from '../../core/exit.js';
import { formatCount } from '../../report/format.js';
import { renderFacts } from '../../report/table.js';
import type { CostModel } from '../../simulator/cost.js';
import { FAULTS, type FaultKind, type FaultRule } from '../../simulator/fault-table.js';
import { createRecordedUniverse, readRecordedConditions, readRecordedEvents } from '../../simulator/recorded.js';
import { type Simulator, type SimulatorOptions, startSimulator } from '../../simulator/server.js';
import { createSyntheticUniverse } from '../../simulator/synthetic/universe.js';
import type { Universe } from '../../simulator/universe.js';
import type { Context } from '../context.js';

/** Serves the simulated source until a signal. */
export async function simulate(ctx: Context): Promise<void> {
  const { config } = ctx;
  const universe = await openUniverse(ctx);
  const cost = parseJson<CostModel | undefined>(config.costModel, '--cost-model', undefined);
  const simulator = await listen({
    universe,
    port: config.port,
    latencyMs: config.latencyMs,
    ...(config.simRps === undefined ? {} : { rps: config.simRps }),
    faults: readFaults(config.faults),
    faultSeed: config.seed,
    ...(cost === undefined ? {} : { cost }),
  });
  ctx.releases.push('simulated source', () => simulator.close());
  const { url, pnlUrl, baseUrl } = simulator;
  ctx.out.result({ url, pnlUrl, stats: `${baseUrl}/stats`, fills: universe.fillCount });
  ctx.out.text(
    renderFacts([
      ['fills', `${url}  (--source-url, GOLDSKY_URL)`],
      ['conditions', `${pnlUrl}  (--pnl-source-url, GOLDSKY_PNL_URL)`],
      ['figures', `${baseUrl}/stats`],
      [
        'universe',
        `${formatCount(universe.fillCount)} fills${config.events ? ` of ${config.events}` : `, seed ${config.seed}`}`,
      ],
    ]),
  );
  ctx.out.text('Ctrl-C ends it.');
  await new Promise<void>((resolve) => ctx.stop.addEventListener('abort', () => resolve(), { once: true }));
  throw new ExitError(EXIT.interrupted, 'the simulated source stopped as asked');
}

async function listen(options: SimulatorOptions): Promise<Simulator> {
  try {
    return await startSimulator(options);
  } catch (error) {
    throw usageError(`--port ${options.port}: ${(error as Error).message}`, 'give another port, or 0 for a free one');
  }
}

/** Kind and rate are checked here; what else a rule may hold depends on its kind. */
const FaultRules = z.array(
  z.looseObject({ kind: z.enum(Object.keys(FAULTS) as [FaultKind]), rate: z.number().min(0).max(1) }),
);

function readFaults(given: string | undefined): FaultRule[] {
  const parsed = FaultRules.safeParse(parseJson<unknown>(given, '--faults', []));
  if (parsed.success) return parsed.data as FaultRule[];
  throw usageError(
    `--faults: ${z.prettifyError(parsed.error).replace(/\s+/g, ' ')} in ${given}`,
    'give a list like [{"kind": "http-503", "rate": 0.01}]',
  );
}

async function openUniverse(ctx: Context): Promise<Universe> {
  const { config } = ctx;
  if (config.events === undefined) {
    return createSyntheticUniverse({ seed: config.seed, markets: config.simMarkets, fills: config.simFills });
  }
  try {
    const events = await readRecordedEvents(config.events);
    if (config.conditions === undefined) return createRecordedUniverse({ events });
    return createRecordedUniverse({ events, conditions: await readRecordedConditions(config.conditions) });
  } catch (error) {
    throw usageError(`--events: ${(error as Error).message}`, 'give a file of events, one JSON object a line');
  }
}

/** JSON given on the command line, or the name of a file that holds it. */
function parseJson<T>(given: string | undefined, flag: string, fallback: T): T {
  if (given === undefined) return fallback;
  try {
    return JSON.parse(existsSync(given) ? readFileSync(given, 'utf8') : given) as T;
  } catch (error) {
    throw usageError(`${flag}: ${(error as Error).message}`, 'give JSON, or a file that holds it');
  }
}
