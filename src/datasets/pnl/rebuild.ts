import { randomUUID } from 'node:crypto';
import { dropScratch, queryFile, type Work } from '../../clickhouse/heavy.js';
import { describeTable, ensureTables } from '../../clickhouse/schema.js';
import { loadSql, quoteString } from '../../clickhouse/sql.js';
import { stagingOwner } from '../../clickhouse/staging.js';
import { FILLS_LIVE } from '../../clickhouse/tables.js';
import { EXIT, ExitError, usageError } from '../../core/exit.js';
import { type Finding, WORST } from '../../core/finding.js';
import { type Lease, withLease } from '../../publish/lease.js';
import { switchOptions } from '../../publish/promote-run.js';
import { history, type MadeFrom, type Promotion, promotionId } from '../../publish/promotions.js';
import { carryOutAll, finishOpen, type SwitchOptions, uuidsOf } from '../../publish/switch.js';
import { failures } from '../../report/findings.js';
import { readResiduals } from '../fills/checks/conservation.js';
import { CONTRACTS } from '../fills/checks/contracts.js';
import { knownGate, openGate, residualsGate, totalsGates, zeroSumGate } from './gates.js';
import { materialize, readOpenCheck, readTotals, readZeroSum } from './materialize.js';
import { RESULTS, type RebuildTables, rebuildTables, SCRATCH, WALLETS } from './tables.js';
import { readVersions } from './versions.js';

export interface RebuildOptions {
  /** Where the fills are; the live table. */
  readonly fills?: string;
  readonly now?: () => Date;
  /** Of the target; absent: one is taken for this step alone. */
  readonly lease?: Lease | undefined;
  readonly afterStep?: SwitchOptions['afterStep'];
  /** Told the gates as soon as they are known, before a failed one ends the rebuild. */
  readonly onGates?: (gates: readonly Finding[]) => void;
}

export interface Leader {
  readonly wallet: string;
  readonly ledgerMicros: string;
  readonly averageCostMicros: string;
  readonly volumeMicros: string;
  readonly fills: number;
  readonly markets: number;
  readonly openMarkets: number;
  readonly wins: number;
  readonly losses: number;
}

export interface Rebuilt {
  /** The run whose fills these are; null when the live table does not say. */
  readonly run: string | null;
  readonly rows: number;
  readonly wallets: number;
  readonly gates: readonly Finding[];
  readonly top: readonly Leader[];
  readonly bottom: readonly Leader[];
  readonly ms: number;
}

/**
 * Materializes both P&L tables from the live fills beside the tables that readers use, checks them, and exchanges them. Between
 * the exchanges, some milliseconds, a reader of both tables sees the new markets beside the old wallet totals; each table
 * by itself is always whole, and their comments name the rebuild they belong to.
 * Throws ExitError(3) when a gate fails: then the tables that readers use are as they were.
 */
export async function rebuildPnlTables(work: Work, options: RebuildOptions = {}): Promise<Rebuilt> {
  const { target, log, signal } = work;
  await ensureTables(target);
  return withLease(target, options.lease, { what: 'rebuild-pnl', log, signal }, (lease) =>
    rebuild(work, lease, options),
  );
}

async function rebuild(work: Work, lease: Lease, options: RebuildOptions): Promise<Rebuilt> {
  const { target, log } = work;
  const fills = options.fills ?? FILLS_LIVE;
  const now = options.now ?? (() => new Date());
  const startedAt = Date.now();
  const switching = switchOptions(work, lease, options.afterStep);
  await finishOpen(target, switching);
  const live = await describeTable(target, fills);
  if (live === undefined) throw usageError(`there is no table ${fills}`, 'run `backfill promote` first');
  const run = (await stagingOwner(target, fills))?.owner ?? null;
  await dropLeftovers(work);
  // Read before anything is derived: what changes meanwhile makes P&L count as behind, never as newer than it is.
  const madeFrom = (await readVersions(target)) ?? undefined;
  const tables = rebuildTables(fills, randomUUID().replaceAll('-', '').slice(0, 12));
  try {
    await materialize(work, tables, run ?? '', Number(live.rows));
    // What is published below is what the gates have seen.
    const made = await describeResults(work, tables);
    const residuals = await readResiduals(work, tables, run ?? '');
    const open = await readOpenCheck(work, tables);
    const totals = await readTotals(work, tables);
    const gates = [
      ...totalsGates(totals),
      residualsGate(residuals),
      zeroSumGate(await readZeroSum(work, tables, WORST), residuals),
      openGate(open),
      knownGate(open),
    ];
    options.onGates?.(gates);
    if (gates.some((gate) => gate.status === 'failed')) {
      throw new ExitError(
        EXIT.gateFailed,
        `the P&L tables are not replaced: ${failures(gates)}`,
        `readers have the tables of before; until the next rebuild the new ones are ${tables.walletMarket} and ${tables.wallets}`,
      );
    }
    if ((await uuidsOf(target, [fills])).get(fills) !== live.uuid) {
      throw new ExitError(
        EXIT.gateFailed,
        `${fills} was exchanged while its P&L was rebuilt`,
        'run `backfill rebuild-pnl` again',
      );
    }
    await publish(work, made, { run: run ?? '', at: now(), madeFrom }, switching);
    log.info('rebuild-pnl: the new tables are live');
    return {
      run,
      rows: Number(live.rows),
      wallets: Number(totals.find((row) => row.source === 'wallet_pnl')?.wallets ?? 0),
      gates,
      top: await leaders(work, 1),
      bottom: await leaders(work, -1),
      ms: Date.now() - startedAt,
    };
  } finally {
    await dropScratch(
      work,
      SCRATCH.map((key) => tables[key]),
    );
  }
}

/** Of rebuilds that were killed or whose gates failed: under the lease nobody is working on them. */
async function dropLeftovers(work: Work): Promise<void> {
  const { target } = work;
  const found = await target.query<{ name: string }>(loadSql('pnl/leftovers'), {
    params: { database: target.database },
    purpose: 'looking for what earlier rebuilds left',
  });
  await dropScratch(
    work,
    found.map(({ name }) => name),
  );
}

/** A table that goes live, as it was when the gates began. */
interface Result {
  readonly live: string;
  readonly incoming: string;
  readonly uuid: string;
  readonly rows: number;
}

async function describeResults({ target }: Work, tables: RebuildTables): Promise<Result[]> {
  const results: Result[] = [];
  for (const [key, live] of RESULTS) {
    const state = await describeTable(target, tables[key]);
    if (state === undefined) {
      throw new ExitError(
        EXIT.gateFailed,
        `the table ${tables[key]} is gone`,
        'somebody dropped it while P&L was rebuilt: run `backfill rebuild-pnl` again',
      );
    }
    results.push({ live, incoming: tables[key], uuid: state.uuid, rows: Number(state.rows) });
  }
  return results;
}

async function publish(
  work: Work,
  results: readonly Result[],
  { run, at, madeFrom }: { run: string; at: Date; madeFrom: MadeFrom | undefined },
  switching: SwitchOptions,
): Promise<void> {
  const { target } = work;
  const id = promotionId(at, 'rebuild-pnl', (await history(target)).at(-1)?.id);
  const promotions: Promotion[] = [];
  for (const { live, incoming, uuid, rows } of results) {
    await target.command(
      `ALTER TABLE {table:Identifier} MODIFY COMMENT ${quoteString(`backfill pnl ${id} of run ${run}`)}`,
      {
        names: { table: incoming },
      },
    );
    promotions.push({
      id: `${id}-${promotions.length + 1}`,
      action: 'rebuild-pnl',
      run,
      rows,
      checksum: '',
      live,
      incoming,
      outgoing: null,
      newUuid: uuid,
      oldUuid: (await uuidsOf(target, [live])).get(live) ?? null,
      ...(madeFrom === undefined ? {} : { madeFrom }),
    });
  }
  await carryOutAll(target, promotions, switching);
}

export async function leaders(work: Work, direction: 1 | -1, limit = WORST): Promise<Leader[]> {
  const rows = await queryFile<Record<string, string>>(work, 'pnl/leaderboard', {
    names: { wallets: WALLETS },
    params: { contracts: CONTRACTS, direction, limit },
  });
  return rows.map((row) => ({
    wallet: row.wallet_hex ?? '',
    ledgerMicros: row.ledger_micros ?? '0',
    averageCostMicros: row.average_cost_micros ?? '0',
    volumeMicros: row.volume_micros ?? '0',
    fills: Number(row.fills),
    markets: Number(row.markets),
    openMarkets: Number(row.open_markets),
    wins: Number(row.wins),
    losses: Number(row.losses),
  }));
}
