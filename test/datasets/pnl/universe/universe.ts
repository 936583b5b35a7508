import { readFileSync } from 'node:fs';
import pino from 'pino';
import type { Work } from '../../../../src/clickhouse/heavy.js';
import { createFillsTable, ensureTables } from '../../../../src/clickhouse/schema.js';
import type { Target } from '../../../../src/clickhouse/target.js';
import type { Checkpoint } from '../../../../src/run/checkpoint.js';
import { type FoundRun, RunFolder } from '../../../../src/run/run-folder.js';
import { tempWorkspace } from '../../../support/workspace.js';

export interface UniverseOptions {
  readonly fills: string;
  readonly run: string;
  readonly matches: number;
  readonly markets: number;
  readonly wallets: number;
  readonly seed?: number;
}

export const silentLog = pino({ level: 'silent' });

export function workOn(target: Target, maxMemoryMb = 2000): Work {
  return { target, maxMemoryMb, log: silentLog };
}

const sql = (name: string): string => readFileSync(new URL(`${name}.sql`, import.meta.url), 'utf8');

/** Fills, token map and the source's counts of a universe that obeys the exchange's rules; returns its rows. */
export async function makeUniverse(target: Target, options: UniverseOptions): Promise<number> {
  const { fills, run, matches, markets, wallets, seed = 1 } = options;
  await ensureTables(target);
  await createFillsTable(target, fills, { comment: `backfill run ${run}` });
  await target.command(sql('fills'), {
    names: { fills },
    params: { seed, first: 0, matches, total: Math.max(1, matches), markets, wallets },
  });
  await target.command(sql('tokens'), { params: { seed, markets } });
  await countUniverse(target, fills, run);
  return rowsOf(target, fills);
}

/** The source counts exactly what the table holds. */
export async function countUniverse(target: Target, fills: string, run: string): Promise<void> {
  await target.command(sql('counts'), { names: { fills }, params: { run } });
}

export async function rowsOf(target: Target, table: string): Promise<number> {
  const [row] = await target.query<{ n: string }>('SELECT count() AS n FROM {table:Identifier}', { names: { table } });
  return Number(row?.n);
}

/** A run folder with a complete checkpoint. Without `dir` call it inside a test. */
export function makeRun(run: string, rows: number, over: Partial<Checkpoint> = {}, dir = tempWorkspace()): FoundRun {
  const folder = RunFolder.create(dir, run);
  const checkpoint: Checkpoint = {
    version: 1,
    dataset: 'fills',
    run,
    createdAt: '2026-01-01T00:00:00.000Z',
    updatedAt: '2026-01-01T00:00:00.000Z',
    fingerprint: {},
    block: 1000,
    pinned: true,
    unpinnedWhy: null,
    refresh: false,
    replaceStaging: false,
    uncounted: [],
    prepared: true,
    pace: null,
    loading: null,
    marketsDone: 1,
    markets: 1,
    done: [[0, 10]],
    failed: [],
    chunks: 10,
    expectedRows: rows,
    expectedRequests: 1,
    rows,
    requests: 1,
    rejected: 0,
    throttled: 0,
    retries: 0,
    sittings: 1,
    activeMs: 1,
    steps: {},
    ...over,
  };
  folder.writeCheckpoint(checkpoint);
  return { folder, checkpoint };
}
