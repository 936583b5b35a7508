import { z } from 'zod';
import { option, text, whole } from './option-spec.js';

/** Options of the simulated source; the program's other options are in `options.ts`. */
export const SIMULATE_OPTIONS = {
  port: option({
    env: 'BACKFILL_SIMULATE_PORT',
    kind: 'number',
    metavar: 'N',
    describe: 'port to listen on; 0 takes a free one',
    schema: whole(0, 65_535).default(0),
  }),
  seed: option({
    env: 'BACKFILL_SIMULATE_SEED',
    kind: 'number',
    metavar: 'N',
    describe: 'seed of the synthetic universe',
    schema: whole(0, 2 ** 32 - 1).default(1),
  }),
  simMarkets: option({
    env: 'BACKFILL_SIMULATE_MARKETS',
    kind: 'number',
    metavar: 'N',
    describe: 'markets of the synthetic universe',
    schema: whole(1, 2_000_000).default(2000),
  }),
  simFills: option({
    env: 'BACKFILL_SIMULATE_FILLS',
    kind: 'number',
    metavar: 'N',
    describe: 'fills of the synthetic universe, about',
    schema: whole(0, 2_000_000_000).default(300_000),
  }),
  latencyMs: option({
    env: 'BACKFILL_SIMULATE_LATENCY_MS',
    kind: 'number',
    metavar: 'MS',
    describe: 'time a response takes, milliseconds',
    schema: z.coerce.number().min(0).max(600_000).default(0),
  }),
  simRps: option({
    env: 'BACKFILL_SIMULATE_RPS',
    kind: 'number',
    metavar: 'N',
    describe: 'requests a second before 429 (default: no limit)',
    schema: z.coerce.number().min(0.1).max(1_000_000).optional(),
  }),
  events: option({
    env: 'BACKFILL_SIMULATE_EVENTS',
    kind: 'string',
    metavar: 'FILE',
    describe: 'serve these recorded events (NDJSON) instead of a synthetic universe',
    schema: text().optional(),
  }),
  conditions: option({
    env: 'BACKFILL_SIMULATE_CONDITIONS',
    kind: 'string',
    metavar: 'FILE',
    describe: 'conditions of the recorded events (NDJSON)',
    schema: text().optional(),
  }),
  faults: option({
    env: 'BACKFILL_SIMULATE_FAULTS',
    kind: 'string',
    metavar: 'JSON',
    describe: 'faults on demand: a JSON list of rules, or a file that holds one',
    schema: text().optional(),
  }),
  costModel: option({
    env: 'BACKFILL_SIMULATE_COST_MODEL',
    kind: 'string',
    metavar: 'JSON',
    describe: 'what a page costs the simulated source: JSON parameters, or a file that holds them',
    schema: text().optional(),
  }),
} as const;
