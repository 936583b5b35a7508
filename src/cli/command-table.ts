import type { OptionName } from './options.js';

/** Which options each command takes, and what it does in one line. */
const EVERYWHERE: readonly OptionName[] = [
  'sourceUrl',
  'pnlSourceUrl',
  'clickhouseUrl',
  'database',
  'clickhouseDir',
  'checkpoints',
  'run',
  'json',
  'logLevel',
  'logFile',
  'giveUpAfter',
];
const SOURCE: readonly OptionName[] = ['rps', 'requestTimeout', 'retryBase'];
const SELECTION: readonly OptionName[] = ['markets', 'limit', 'minFills'];
const LOAD: readonly OptionName[] = [
  'workers',
  'batchRows',
  'insertMode',
  'threads',
  'pageRows',
  'chunkPages',
  'maxPackTokens',
  'insertTimeout',
  'partition',
  'sliceBy',
];
const CHAIN: readonly OptionName[] = ['source', 'portalUrl', 'rpcUrl', 'portalRps', 'rpcRps', 'fromBlock', 'toBlock'];
const VERIFY: readonly OptionName[] = ['acceptRejected', 'maxMemory'];
const SIMULATE: readonly OptionName[] = [
  'port',
  'seed',
  'simMarkets',
  'simFills',
  'latencyMs',
  'simRps',
  'events',
  'conditions',
  'faults',
  'costModel',
  'chainPort',
  'venuesPort',
  'chainBlocks',
  'chainFills',
  'chainBlockMs',
  'chainFaults',
  'rpcProfile',
  'venuesSize',
  'venuesSpeed',
  'venuesLimits',
  'venuesFaults',
];

const VENUES: readonly OptionName[] = [
  'venues',
  'gammaUrl',
  'clobUrl',
  'dataApiUrl',
  'kalshiUrl',
  'limitlessUrl',
  'opinionUrl',
  'requestTimeout',
  'retryBase',
  'insertTimeout',
];
const INGEST: readonly OptionName[] = ['type', 'sequential', 'top', 'minVolume', 'with', 'fresh'];

export interface CommandSpec {
  readonly describe: string;
  readonly options: readonly OptionName[];
}

export const COMMANDS = {
  demo: {
    describe: 'the whole job offline: simulated source, embedded ClickHouse, load, checks, P&L, summary',
    options: [...EVERYWHERE, ...SOURCE, ...LOAD, 'seed', 'simMarkets', 'simFills', 'latencyMs', 'maxMemory'],
  },
  markets: {
    describe: 'token and market tables from the subgraphs, or from the chain',
    options: [
      ...EVERYWHERE,
      ...SOURCE,
      ...CHAIN,
      'catalogue',
      'workers',
      'threads',
      'batchRows',
      'insertTimeout',
      'maxMemory',
    ],
  },
  fills: {
    describe: 'plan and load every fill into staging; resumes',
    options: [...EVERYWHERE, ...SOURCE, ...LOAD, ...SELECTION, 'fresh', 'refresh', 'dryRun'],
  },
  run: {
    describe: 'markets, fills, verify, promote and rebuild-pnl in one resumable command',
    options: [
      ...EVERYWHERE,
      ...SOURCE,
      ...LOAD,
      ...SELECTION,
      ...VERIFY,
      'fresh',
      'refresh',
      'catalogue',
      'keepBackups',
      'acceptFewer',
    ],
  },
  status: { describe: 'where the run is, also from another terminal', options: [...EVERYWHERE] },
  verify: {
    describe: 'prove that staging holds what the source counts',
    options: [...EVERYWHERE, ...SOURCE, ...VERIFY, 'insertTimeout'],
  },
  promote: {
    describe: 'verify, then switch staging to live in one atomic step',
    options: [...EVERYWHERE, ...SOURCE, ...VERIFY, 'insertTimeout', 'rollback', 'dryRun', 'keepBackups', 'acceptFewer'],
  },
  'rebuild-pnl': {
    describe: 'materialize profit and loss per wallet and market from the live fills',
    options: [...EVERYWHERE, 'maxMemory', 'insertTimeout'],
  },
  'validate-pnl': {
    describe: 'compare wallets with known figures',
    options: [...EVERYWHERE, 'baseline', 'tolerance', 'minPass', 'saveTable', 'insertTimeout'],
  },
  migrate: {
    describe: 'bring the tables of an older backfill up; their rows are kept',
    options: [...EVERYWHERE, 'maxMemory', 'insertTimeout'],
  },
  profile: {
    describe: 'time source, decode and insert on sample chunks and project the whole run',
    options: [...EVERYWHERE, ...SOURCE, ...LOAD, ...SELECTION, 'compare'],
  },
  ingest: {
    describe: 'catalogues, prices and trades of Polymarket, Kalshi, Limitless and Opinion, side by side; resumes',
    options: [...EVERYWHERE, ...VENUES, ...INGEST],
  },
  check: {
    describe: 'what is loaded of the venues, how fresh, and whether it is complete',
    options: [...EVERYWHERE, 'venues', 'staleAfter', 'insertTimeout'],
  },
  collect: {
    describe: 'the same ingest round after round, all day; only what changed is written',
    options: [...EVERYWHERE, ...VENUES, ...INGEST, 'every', 'oddsSports', 'oddsUrl'],
  },
  bars: {
    describe: 'bars of listed instruments from Massive, in as few requests as there can be',
    options: [
      ...EVERYWHERE,
      'symbols',
      'from',
      'to',
      'timespan',
      'massiveUrl',
      'rpm',
      'requestTimeout',
      'retryBase',
      'insertTimeout',
    ],
  },
  simulate: {
    describe: 'serve the simulated sources: subgraph, chain (portal and node) and venues',
    options: [...EVERYWHERE, ...SIMULATE],
  },
  clickhouse: {
    describe: 'keep the embedded ClickHouse up, for its /play page and other clients',
    options: [...EVERYWHERE],
  },
} satisfies Record<string, CommandSpec>;

export type CommandName = keyof typeof COMMANDS;
