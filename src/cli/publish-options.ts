import { z } from 'zod';
import { flag, option, text, whole } from './option-spec.js';

/** Options of verify, promote and P&L; the program's other options are in `options.ts`. */
export const PUBLISH_OPTIONS = {
  acceptRejected: option({
    env: 'BACKFILL_ACCEPT_REJECTED',
    kind: 'number',
    metavar: 'N',
    describe: 'rejected rows that verify lets pass; recorded in the verdict',
    schema: whole(0, 1_000_000_000).default(0),
  }),
  acceptFewer: option({
    env: 'BACKFILL_ACCEPT_FEWER',
    kind: 'boolean',
    describe: 'let live be replaced by clearly fewer rows, or by another selection',
    schema: flag().default(false),
  }),
  rollback: option({
    env: 'BACKFILL_ROLLBACK',
    kind: 'boolean',
    describe: 'put the table of before the last promotion back',
    schema: flag().default(false),
  }),
  keepBackups: option({
    env: 'BACKFILL_KEEP_BACKUPS',
    kind: 'number',
    metavar: 'N',
    describe: 'backups of the live table to keep; older ones are dropped',
    schema: whole(1, 1000).default(2),
  }),
  baseline: option({
    env: 'BACKFILL_BASELINE',
    kind: 'string',
    metavar: 'FILE',
    describe: 'known figures: CSV wallet,expected_pnl[,measure]',
    schema: text().optional(),
  }),
  tolerance: option({
    env: 'BACKFILL_TOLERANCE',
    kind: 'number',
    metavar: 'SHARE',
    describe: 'how far a wallet may be off, as a share of the expected figure',
    schema: z.coerce.number().min(0).max(1).default(0.01),
  }),
  minPass: option({
    env: 'BACKFILL_MIN_PASS',
    kind: 'number',
    metavar: 'N',
    describe: 'wallets that must pass (default: all)',
    schema: whole(0, 1_000_000).optional(),
  }),
  saveTable: option({
    env: 'BACKFILL_SAVE_TABLE',
    kind: 'string',
    metavar: 'NAME',
    describe: "keep the baseline wallets' fills in this table",
    schema: z
      .string()
      .regex(/^[A-Za-z_][A-Za-z0-9_]{0,127}$/, { error: 'must be letters, digits and underscores' })
      .optional(),
  }),
  maxMemory: option({
    env: 'BACKFILL_MAX_MEMORY_MB',
    kind: 'number',
    metavar: 'MB',
    describe: 'memory that one checking or P&L statement may use in ClickHouse',
    schema: whole(256, 1_000_000).default(2000),
  }),
} as const;
