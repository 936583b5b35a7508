import { z } from 'zod';
import { RUN_ID } from '../run/run-folder.js';
import { CHAIN_OPTIONS } from './chain-options.js';
import { duration, flag, headerText, httpUrl, option, text, whole } from './option-spec.js';
import { PUBLISH_OPTIONS } from './publish-options.js';
import { SIMULATE_OPTIONS } from './simulate-options.js';
import { VENUE_OPTIONS } from './venue-options.js';

const PUBLIC_PROJECT = 'https://api.goldsky.com/api/public/project_cl6mb8i9h0003e201j6li0diw/subgraphs';
export const PUBLIC_SOURCE_URL = `${PUBLIC_PROJECT}/orderbook-subgraph/0.0.1/gn`;
export const PUBLIC_PNL_URL = `${PUBLIC_PROJECT}/pnl-subgraph/0.0.14/gn`;

/**
 * Every option of the program: its flag, environment variable, meaning, bounds and default, in one place.
 * `arguments.ts` makes flags and help from this table, `config.ts` values; neither knows a default of its own.
 */
export const OPTIONS = {
  // where from, where to
  sourceUrl: option({
    env: 'GOLDSKY_URL',
    kind: 'string',
    metavar: 'URL',
    describe: 'orderbook subgraph, the source of fills (default: the public one)',
    schema: httpUrl().optional(),
  }),
  pnlSourceUrl: option({
    env: 'GOLDSKY_PNL_URL',
    kind: 'string',
    metavar: 'URL',
    describe: 'pnl subgraph, the source of conditions (default: the public one, unless --source-url is given)',
    schema: httpUrl().optional(),
  }),
  sourceToken: option({
    env: 'GOLDSKY_TOKEN',
    kind: 'string',
    describe: 'bearer token of a private source; sent to the origin of --source-url only',
    schema: headerText().optional(),
    envOnly: true,
    secret: true,
  }),
  pnlSourceToken: option({
    env: 'GOLDSKY_PNL_TOKEN',
    kind: 'string',
    describe: 'bearer token of a private P&L source (default: GOLDSKY_TOKEN, where both have one origin)',
    schema: headerText().optional(),
    envOnly: true,
    secret: true,
  }),
  clickhouseUrl: option({
    env: 'CLICKHOUSE_URL',
    kind: 'string',
    metavar: 'URL',
    describe: 'ClickHouse over HTTP (default: an embedded server)',
    schema: httpUrl().optional(),
  }),
  clickhouseUser: option({
    env: 'CLICKHOUSE_USER',
    kind: 'string',
    describe: 'ClickHouse user',
    schema: text().default('default'),
    envOnly: true,
  }),
  clickhousePassword: option({
    env: 'CLICKHOUSE_PASSWORD',
    kind: 'string',
    describe: 'ClickHouse password',
    schema: z.string().default(''),
    envOnly: true,
    secret: true,
  }),
  database: option({
    env: 'CLICKHOUSE_DATABASE',
    kind: 'string',
    metavar: 'NAME',
    describe: 'database of every table; made when missing',
    schema: text().max(128).default('polymarket'),
  }),
  clickhouseDir: option({
    env: 'BACKFILL_CLICKHOUSE_DIR',
    kind: 'string',
    metavar: 'DIR',
    describe: 'data folder of the embedded ClickHouse',
    schema: text().default('.clickhouse'),
  }),
  checkpoints: option({
    env: 'BACKFILL_CHECKPOINTS',
    kind: 'string',
    metavar: 'DIR',
    describe: 'folder of the runs: plan, checkpoint, report, log',
    schema: text().default('checkpoints'),
  }),
  run: option({
    env: 'BACKFILL_RUN',
    kind: 'string',
    metavar: 'ID',
    describe: 'the run to make, resume or look at (default: the latest)',
    schema: z
      .string()
      .regex(RUN_ID, {
        error: 'must be 1 to 64 letters, digits, dots, dashes or underscores',
      })
      .optional(),
  }),
  json: option({
    env: 'BACKFILL_JSON',
    kind: 'boolean',
    describe: 'print the result as JSON on stdout',
    schema: flag().default(false),
  }),
  logLevel: option({
    env: 'BACKFILL_LOG_LEVEL',
    kind: 'string',
    metavar: 'LEVEL',
    describe: 'error, warn, info, debug or trace',
    schema: z.enum(['error', 'warn', 'info', 'debug', 'trace']).default('info'),
  }),
  logFile: option({
    env: 'BACKFILL_LOG_FILE',
    kind: 'string',
    metavar: 'FILE',
    describe: 'write the log there as JSON lines (default: run.log of the run)',
    schema: text().optional(),
  }),

  // how hard
  workers: option({
    env: 'BACKFILL_WORKERS',
    kind: 'number',
    metavar: 'N',
    describe: 'chunks in flight at once',
    // 21 requests in flight fill 100 a second at 205 ms; the rest rides out slow pages and inserts.
    schema: whole(1, 1024).default(128),
  }),
  rps: option({
    env: 'BACKFILL_RPS',
    kind: 'number',
    metavar: 'N',
    describe: 'requests a second to the source, over all threads',
    // Three quarters of the published 100 a second: neighbours behind the same address live too.
    schema: z.coerce.number().min(0.1).max(100_000).default(75),
  }),
  batchRows: option({
    env: 'BACKFILL_BATCH_ROWS',
    kind: 'number',
    metavar: 'N',
    describe: 'rows of one INSERT',
    schema: whole(100, 1_000_000).default(5000),
  }),
  insertMode: option({
    env: 'BACKFILL_INSERT_MODE',
    kind: 'string',
    metavar: 'MODE',
    describe: 'async (async_insert with wait) or sync',
    schema: z.enum(['async', 'sync']).default('async'),
  }),
  threads: option({
    env: 'BACKFILL_THREADS',
    kind: 'number',
    metavar: 'N',
    describe: 'threads that fetch, decode and insert (default: one a core; 0: in the main thread)',
    schema: whole(0, 256).optional(),
  }),
  pageRows: option({
    env: 'BACKFILL_PAGE_ROWS',
    kind: 'number',
    metavar: 'N',
    describe: 'rows asked for in one page; the source allows 1000',
    schema: whole(50, 1000).default(1000),
  }),
  chunkPages: option({
    env: 'BACKFILL_CHUNK_PAGES',
    kind: 'number',
    metavar: 'N',
    describe: 'pages of one chunk, the unit of retry and checkpoint',
    schema: whole(1, 1000).default(10),
  }),
  maxPackTokens: option({
    env: 'BACKFILL_MAX_PACK_TOKENS',
    kind: 'number',
    metavar: 'N',
    describe: 'tokens that one page may ask for',
    schema: whole(1, 1000).default(200),
  }),
  requestTimeout: option({
    env: 'BACKFILL_REQUEST_TIMEOUT',
    kind: 'string',
    metavar: 'TIME',
    describe: 'deadline of one request to the source',
    schema: duration(100, 3_600_000).default(60_000),
  }),
  insertTimeout: option({
    env: 'BACKFILL_INSERT_TIMEOUT',
    kind: 'string',
    metavar: 'TIME',
    describe: 'deadline of one statement to ClickHouse; longer ones are watched by their query id',
    schema: duration(100, 3_600_000).default(120_000),
  }),
  retryBase: option({
    env: 'BACKFILL_RETRY_BASE',
    kind: 'string',
    metavar: 'TIME',
    describe: 'first pause before a retry; doubles up to 300 times itself, with full jitter',
    schema: duration(1, 600_000).default(1000),
  }),
  giveUpAfter: option({
    env: 'BACKFILL_GIVE_UP_AFTER',
    kind: 'string',
    metavar: 'TIME',
    describe: 'how long source or target may be unavailable before exit code 75',
    schema: duration(1000, 7 * 86_400_000).default(30 * 60_000),
  }),

  // what
  partition: option({
    env: 'BACKFILL_PARTITION',
    kind: 'string',
    metavar: 'HOW',
    describe: 'markets, or time: the whole tape in windows',
    schema: z.enum(['markets', 'time']).default('markets'),
  }),
  sliceBy: option({
    env: 'BACKFILL_SLICE_BY',
    kind: 'string',
    metavar: 'AXIS',
    describe: 'cut large tokens by id or by time',
    schema: z.enum(['id', 'time']).default('id'),
  }),
  markets: option({
    env: 'BACKFILL_MARKETS',
    kind: 'string',
    metavar: 'FILE',
    describe: 'only these markets: one condition or token id a line, CSV, or NDJSON with conditionId',
    schema: text().optional(),
  }),
  limit: option({
    env: 'BACKFILL_LIMIT',
    kind: 'number',
    metavar: 'N',
    describe: 'only the N markets with the most fills',
    schema: whole(1, 10_000_000).optional(),
  }),
  minFills: option({
    env: 'BACKFILL_MIN_FILLS',
    kind: 'number',
    metavar: 'N',
    describe: 'only markets with at least N fills',
    schema: whole(1, 1_000_000_000).optional(),
  }),
  fresh: option({
    env: 'BACKFILL_FRESH',
    kind: 'boolean',
    describe: 'start over: a new run, an empty staging table',
    schema: flag().default(false),
  }),
  refresh: option({
    env: 'BACKFILL_REFRESH',
    kind: 'boolean',
    describe: 'fetch only what differs from the live table, on top of a copy of it',
    schema: flag().default(false),
  }),
  dryRun: option({
    env: 'BACKFILL_DRY_RUN',
    kind: 'boolean',
    describe: 'say what would happen, change nothing',
    schema: flag().default(false),
  }),
  catalogue: option({
    env: 'BACKFILL_CATALOGUE',
    kind: 'string',
    metavar: 'FILE',
    describe: "names of markets: NDJSON in the Gamma API's format",
    schema: text().optional(),
  }),

  ...CHAIN_OPTIONS,
  ...PUBLISH_OPTIONS,

  // profile
  compare: option({
    env: 'BACKFILL_COMPARE',
    kind: 'string',
    metavar: 'FILE',
    describe: 'an earlier profile to compare with',
    schema: text().optional(),
  }),

  ...VENUE_OPTIONS,
  ...SIMULATE_OPTIONS,
} as const;

export type OptionName = keyof typeof OPTIONS;
export type Config = { [Name in OptionName]: z.output<(typeof OPTIONS)[Name]['schema']> };

/** The flag where it differs from the option's name: `simulate` has a `--markets`, `--fills` and `--rps` of its own. */
const FLAG_NAMES: Partial<Record<OptionName, string>> = {
  simMarkets: 'markets',
  simFills: 'fills',
  simRps: 'rps',
  maxMemory: 'max-memory-mb',
};

export function flagOf(name: OptionName): string {
  return FLAG_NAMES[name] ?? name.replace(/[A-Z]/g, (c) => `-${c.toLowerCase()}`);
}
