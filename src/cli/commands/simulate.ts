import { existsSync, readFileSync } from 'node:fs';
import { z } from 'zod';
import { EXIT, ExitError, usageError } from '../../core/exit.js';
import { formatCount } from '../../report/format.js';
import { renderFacts } from '../../report/table.js';
import { type ChainFault, LOG_FAULTS, REQUEST_FAULTS } from '../../simulator/chain/faults.js';
import { startChain } from '../../simulator/chain/start.js';
import type { CostModel } from '../../simulator/cost.js';
import { FAULTS, type FaultKind, type FaultRule } from '../../simulator/fault-table.js';
import { createRecordedUniverse, readRecordedConditions, readRecordedEvents } from '../../simulator/recorded.js';
import { startSimulator } from '../../simulator/server.js';
import { createSyntheticUniverse } from '../../simulator/synthetic/universe.js';
import type { Universe } from '../../simulator/universe.js';
import { VENUE_FAULTS, type FaultRule as VenueFault } from '../../simulator/venues/http/faults.js';
import { startVenues } from '../../simulator/venues/server.js';
import type { Context } from '../context.js';
import { flagOf, OPTIONS, type OptionName } from '../options.js';

/** Serves the simulated sources until a signal. */
export async function simulate(ctx: Context): Promise<void> {
  const { config, out } = ctx;
  const subgraph = await serveSubgraph(ctx);
  const chain = await serveChain(ctx);
  const venues = await serveVenues(ctx);
  out.result({ ...subgraph.result, ...chain.result, ...venues.result });
  const universe = `${formatCount(subgraph.result.fills)} fills${config.events ? ` of ${config.events}` : `, seed ${config.seed}`}`;
  out.text(renderFacts([...subgraph.facts, ['universe', universe], ...chain.facts, ...venues.facts]));
  out.text('Ctrl-C ends it.');
  await new Promise<void>((resolve) => ctx.stop.addEventListener('abort', () => resolve(), { once: true }));
  throw new ExitError(EXIT.interrupted, 'the simulated source stopped as asked');
}

/** URLs for `--json`, and the same as lines for people, each with the option that takes it. */
interface Served<R> {
  readonly result: R;
  readonly facts: readonly (readonly [string, string])[];
}

async function serveSubgraph(ctx: Context) {
  const { config } = ctx;
  const universe = await openUniverse(ctx);
  const cost = parseJson<CostModel | undefined>(config.costModel, '--cost-model', undefined);
  const simulator = await listen('--port', config.port, () =>
    startSimulator({
      universe,
      port: config.port,
      latencyMs: config.latencyMs,
      ...(config.simRps === undefined ? {} : { rps: config.simRps }),
      faults: readFaults(config.faults),
      faultSeed: config.seed,
      ...(cost === undefined ? {} : { cost }),
    }),
  );
  ctx.releases.push('simulated source', () => simulator.close());
  const { url, pnlUrl, baseUrl } = simulator;
  const served = {
    result: { url, pnlUrl, stats: `${baseUrl}/stats`, fills: universe.fillCount },
    facts: [
      ['fills', `${url}  (--source-url, GOLDSKY_URL)`],
      ['conditions', `${pnlUrl}  (--pnl-source-url, GOLDSKY_PNL_URL)`],
      ['figures', `${baseUrl}/stats`],
    ],
  } satisfies Served<unknown>;
  return served;
}

async function serveChain({ config, releases }: Context): Promise<Served<object>> {
  if (config.chainBlocks === 0) return { result: {}, facts: [] };
  const port = config.chainPort;
  const faults = ruleList(config.chainFaults, '--chain-faults', [...REQUEST_FAULTS, ...LOG_FAULTS]) as ChainFault[];
  const chain = await listen('--chain-port', port, () =>
    startChain({
      seed: config.seed,
      blocks: config.chainBlocks,
      fillsPerBlock: config.chainFills,
      port,
      faults,
      faultSeed: config.seed,
      portal: { latencyMs: config.latencyMs },
      rpc: { latencyMs: config.latencyMs, ...(config.rpcProfile === undefined ? {} : { profile: config.rpcProfile }) },
      ...(config.chainBlockMs === undefined ? {} : { blockMs: config.chainBlockMs }),
    }),
  );
  if (config.chainBlockMs !== undefined) chain.advance(-Math.floor(config.chainBlocks / 2));
  releases.push('simulated chain', () => chain.close());
  return {
    result: { portalUrl: chain.portalUrl, rpcUrl: chain.rpcUrl },
    facts: [
      ['portal', `${chain.portalUrl}  (--portal-url, SQD_PORTAL_URL)`],
      ['node', `${chain.rpcUrl}  (--rpc-url, POLYGON_RPC_URL)`],
    ],
  };
}

async function serveVenues({ config, releases }: Context): Promise<Served<object>> {
  const { venuesSize: size } = config;
  if (size === 'none') return { result: {}, facts: [] };
  const port = config.venuesPort;
  const faults = ruleList(config.venuesFaults, '--venues-faults', VENUE_FAULTS) as VenueFault[];
  const venues = await listen('--venues-port', port, () =>
    startVenues({
      seed: config.seed,
      size,
      port,
      speed: config.venuesSpeed,
      limitScale: config.venuesLimits,
      latencyMs: config.latencyMs,
      faults,
      faultSeed: config.seed,
    }),
  );
  releases.push('simulated venues', () => venues.close());
  const hosts = Object.keys(venues.urls) as (keyof typeof venues.urls)[];
  return {
    result: Object.fromEntries(hosts.map((host) => [`${host}Url`, venues.urls[host]])),
    facts: hosts.map((host) => [host, `${venues.urls[host]}  (${optionOf(`${host}Url`)})`] as const),
  };
}

function optionOf(name: OptionName): string {
  return `--${flagOf(name)}, ${OPTIONS[name].env}`;
}

async function listen<T>(flag: string, port: number, start: () => Promise<T>): Promise<T> {
  try {
    return await start();
  } catch (error) {
    throw usageError(`${flag} ${port}: ${(error as Error).message}`, 'give another port, or 0 for a free one');
  }
}

/** A list of rules whose kinds are known; what else a rule may hold depends on its kind. */
function ruleList(given: string | undefined, flag: string, kinds: readonly string[]): unknown[] {
  const parsed = z
    .array(z.looseObject({ kind: z.enum(kinds as [string]) }))
    .safeParse(parseJson<unknown>(given, flag, []));
  if (parsed.success) return parsed.data;
  throw usageError(
    `${flag}: ${z.prettifyError(parsed.error).replace(/\s+/g, ' ')} in ${given}`,
    'give a list like [{"kind": "throttled", "rate": 0.01}]',
  );
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
