import { z } from 'zod';
import { headerText, httpUrl, option, text, whole } from './option-spec.js';

export const PUBLIC_PORTAL_URL = 'https://portal.sqd.dev/datasets/polygon-mainnet';

const rps = (env: string, describe: string, standard: number) =>
  option({
    env,
    kind: 'number',
    metavar: 'N',
    describe,
    schema: z.coerce.number().min(0.1).max(100_000).default(standard),
  });

const block = (env: string, describe: string) =>
  option({ env, kind: 'number', metavar: 'N', describe, schema: whole(0, 0x7fff_ffff).optional() });

/** Options of the chain as a source; the program's other options are in `options.ts`. */
export const CHAIN_OPTIONS = {
  source: option({
    env: 'BACKFILL_SOURCE',
    kind: 'string',
    metavar: 'SOURCE',
    describe: 'subgraph (the first generation, frozen on 2026-04-28) or chain',
    schema: z.enum(['subgraph', 'chain']).default('subgraph'),
  }),
  portalUrl: option({
    env: 'SQD_PORTAL_URL',
    kind: 'string',
    metavar: 'URL',
    describe: 'SQD portal, up to the data set (default: the public one for Polygon, unless --rpc-url is given)',
    schema: httpUrl().optional(),
  }),
  portalKey: option({
    env: 'SQD_PORTAL_KEY',
    kind: 'string',
    describe: 'key of the portal, sent as x-api-key',
    schema: headerText().optional(),
    envOnly: true,
    secret: true,
  }),
  rpcUrl: option({
    env: 'POLYGON_RPC_URL',
    kind: 'string',
    metavar: 'URL,…',
    describe: 'JSON-RPC of Polygon, one or several; loads where no --portal-url is given',
    schema: text()
      .transform((value) => value.split(',').map((part) => part.trim()))
      .pipe(z.array(httpUrl()))
      .optional(),
  }),
  // Three quarters of the 20 requests in 10 seconds that the public portal allows.
  portalRps: rps('BACKFILL_PORTAL_RPS', 'requests a second to the portal', 1.5),
  rpcRps: rps('BACKFILL_RPC_RPS', 'requests a second to each node', 3),
  fromBlock: block(
    'BACKFILL_FROM_BLOCK',
    'first block of the chain (default: the first one with conditions; what is loaded already is left out)',
  ),
  toBlock: block('BACKFILL_TO_BLOCK', 'last block of the chain, itself included (default: the newest that is final)'),
} as const;
