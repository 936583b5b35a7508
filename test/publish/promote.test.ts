import { spawn } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, beforeEach, describe, expect, onTestFinished, test } from 'vitest';
import { createFillsTable, ensureTables } from '../../src/clickhouse/schema.js';
import { FILLS_COLUMN_NAMES } from '../../src/clickhouse/tables.js';
import type { Target } from '../../src/clickhouse/target.js';
import { verifyRun } from '../../src/datasets/fills/checks/verify-run.js';
import { type Lease, takeLease } from '../../src/publish/lease.js';
import { type Promoted, type PromoteOptions, promoteRun } from '../../src/publish/promote-run.js';
import { history, type Promotion } from '../../src/publish/promotions.js';
import { rollback } from '../../src/publish/rollback.js';
import { carryOut, carryOutAll, type SwitchStep, uuidsOf } from '../../src/publish/switch.js';
import { makeRun, silentLog, workOn } from '../datasets/pnl/universe/universe.js';
import { startTestClickHouse, type TestClickHouse } from '../support/clickhouse.js';
import { tempWorkspace } from '../support/workspace.js';

let server: TestClickHouse;
let target: Target;
let checkpoints: string;
beforeAll(async () => {
  server = await startTestClickHouse();
});
afterAll(() => server?.stop());
beforeEach(async () => {
  target = await server.database();
  await ensureTables(target);
  checkpoints = tempWorkspace();
});

/** Those of the subgraph: exchange, block and log have their defaults. */
const COLUMNS = FILLS_COLUMN_NAMES.slice(0, 10).join(', ');
const NUMBERED = `SELECT toFixedString(leftPad(toString(number), 32, '0'), 32) AS tx_hash, toFixedString(leftPad(toString(number), 32, '1'), 32) AS order_hash,
  toDateTime(1700000000, 'UTC') AS block_time, toFixedString(unhex('${'ab'.repeat(20)}'), 20) AS wallet, toFixedString(unhex('${'cd'.repeat(20)}'), 20) AS counterparty,
  toUInt256(7) AS token_id, 'BUY' AS side, toDecimal64(2, 6) AS shares, toDecimal64(1, 6) AS usdc, toDecimal64(0, 6) AS fee FROM numbers`;

/** A complete run of `rows` fills in staging. */
async function stage(run: string, rows: number) {
  await createFillsTable(target, 'clob_fills_staging', { comment: `backfill run ${run}`, replace: true });
  await target.command(`INSERT INTO clob_fills_staging (${COLUMNS}) ${NUMBERED}(${rows})`);
  await target.command(`INSERT INTO source_counts VALUES ('${run}', 7, ${rows}, 0, ${rows}, 0)`);
  return makeRun(
    run,
    rows,
    { createdAt: `2026-01-01T00:00:00.${run.replace(/\D/g, '').padStart(3, '0')}Z` },
    checkpoints,
  );
}

async function promoteStaged(
  found: Awaited<ReturnType<typeof stage>>,
  over: Partial<PromoteOptions> = {},
): Promise<Promoted> {
  const work = workOn(target);
  return promoteRun(work, {
    found,
    keepBackups: 3,
    acceptRejected: 0,
    verify: () => verifyRun(work, { found, acceptRejected: 0 }),
    ...over,
  });
}

/** Given back when the test ends. */
async function leaseOf(): Promise<Lease> {
  const lease = await takeLease(target, { what: 'test', log: silentLog });
  onTestFinished(() => lease.release());
  return lease;
}

async function tables(): Promise<Record<string, number>> {
  const rows = await target.query<{ name: string; total: string }>(
    "SELECT name, total_rows AS total FROM system.tables WHERE database = {d:String} AND startsWith(name, 'clob_fills') ORDER BY name",
    { params: { d: target.database } },
  );
  return Object.fromEntries(rows.map((row) => [row.name.replace(/\d{8}_\d{6}_\d{3}$/, '*'), Number(row.total)]));
}

async function outcomes(): Promise<string[]> {
  return (await history(target)).map((p) => `${p.action} ${p.run}: ${p.outcome}`);
}

describe('promote', () => {
  test('the first promotion is a rename, the next one keeps the old table as a backup', async () => {
    const first = await promoteStaged(await stage('r1', 10));
    expect(first).toMatchObject({ changed: true, rows: 10, oldRows: null, backup: null });
    expect(await tables()).toEqual({ clob_fills: 10 });
    const second = await promoteStaged(await stage('r2', 12));
    expect(second).toMatchObject({ changed: true, rows: 12, oldRows: 10 });
    expect(second.backup).toMatch(/^clob_fills_backup_\d{8}_\d{6}_\d{3}$/);
    expect(await tables()).toEqual({ clob_fills: 12, 'clob_fills_backup_*': 10 });
    expect(await outcomes()).toEqual(['promote r1: done', 'promote r2: done']);
  });

  test('a run that is live already is left alone', async () => {
    const found = await stage('r1', 10);
    await promoteStaged(found);
    expect(await promoteStaged(found)).toMatchObject({ changed: false, rows: 10 });
    expect(await outcomes()).toEqual(['promote r1: done']);
  });

  test('without a table, or with one of another run, it says what to do (1)', async () => {
    const found = makeRun('r9', 0, {}, checkpoints);
    await expect(promoteStaged(found)).rejects.toMatchObject({ code: 1, hint: 'run `backfill fills`' });
    await stage('r1', 10);
    await expect(promoteStaged(found)).rejects.toMatchObject({ code: 1, hint: expect.stringContaining('--run r1') });
  });

  test('a run that does not pass verify is not promoted (3)', async () => {
    await promoteStaged(await stage('r1', 10));
    const found = await stage('r2', 12);
    await target.command(`INSERT INTO source_counts VALUES ('r2', 8, 1, 0, 1, 0)`);
    await expect(promoteStaged(found)).rejects.toMatchObject({ code: 3 });
    expect(await tables()).toEqual({ clob_fills: 10, clob_fills_staging: 12 });
  });

  test('a fresh verdict is taken, one that a change made void is not', async () => {
    const found = await stage('r1', 10);
    await verifyRun(workOn(target), { found, acceptRejected: 0 });
    await target.command(`INSERT INTO clob_fills_staging (${COLUMNS}) ${NUMBERED}(11)`);
    await expect(promoteStaged(found)).rejects.toMatchObject({ code: 3 });
    const again = await stage('r1', 10);
    await verifyRun(workOn(target), { found: again, acceptRejected: 0 });
    const never = async () => Promise.reject(new Error('verified again'));
    expect(await promoteStaged(again, { verify: never })).toMatchObject({ changed: true });
  });

  test('a table that changes while it is being promoted is taken back', async () => {
    await promoteStaged(await stage('r1', 10));
    const found = await stage('r2', 12);
    const meddle = async (step: SwitchStep) => {
      if (step !== 'exchanged') return;
      await target.command(`INSERT INTO clob_fills (${COLUMNS}) ${NUMBERED}(13)`);
    };
    await expect(promoteStaged(found, { afterStep: meddle })).rejects.toMatchObject({ code: 3 });
    expect((await tables()).clob_fills).toBe(10);
    expect(await outcomes()).toEqual(['promote r1: done', 'promote r2: undone']);
  });

  test('a live table of another structure is refused before anything is touched (1)', async () => {
    await target.command('CREATE TABLE clob_fills (x UInt8) ENGINE = MergeTree ORDER BY x');
    const found = await stage('r1', 10);
    await expect(promoteStaged(found)).rejects.toMatchObject({ code: 1 });
    expect(await outcomes()).toEqual([]);
  });

  test('a dry run says what would happen and changes nothing', async () => {
    await promoteStaged(await stage('r1', 10));
    const found = await stage('r2', 12);
    const before = await tables();
    const would = await promoteStaged(found, { dryRun: true });
    expect(would).toMatchObject({
      changed: false,
      rows: 12,
      oldRows: 10,
      backup: expect.stringContaining('clob_fills_backup_'),
    });
    expect(would.remarks.join()).toMatch(/verify would run first/);
    expect(await tables()).toEqual(before);
    expect(found.folder.readJson(found.folder.verdictPath)).toBeUndefined();
  });

  test('with a clock that is behind, the backup it has just made stays and the older ones go', async () => {
    const at = (day: number) => () => new Date(`2026-01-${String(day).padStart(2, '0')}T00:00:00.000Z`);
    for (const [n, day] of [
      [1, 20],
      [2, 21],
      [3, 22],
    ] as const) {
      await promoteStaged(await stage(`r${n}`, 10 + n), { keepBackups: 1, now: at(day) });
    }
    const { backup, dropped } = await promoteStaged(await stage('r4', 14), { keepBackups: 1, now: at(2) });
    expect(dropped).toHaveLength(1);
    expect(dropped).not.toContain(backup);
    expect(await rollback(workOn(target))).toMatchObject({ run: 'r3', rows: 13 });
  });

  test('fewer rows than live are refused (3) unless that is accepted, and the full table then stays as a backup', async () => {
    await promoteStaged(await stage('r1', 1000));
    const found = await stage('r2', 10);
    await expect(promoteStaged(found)).rejects.toMatchObject({
      code: 3,
      message: expect.stringContaining('it has 10 rows, live has 1,000'),
      hint: expect.stringContaining('--accept-fewer'),
    });
    expect(await tables()).toEqual({ clob_fills: 1000, clob_fills_staging: 10 });
    for (const [n, rows] of [
      [2, 10],
      [3, 11],
      [4, 12],
      [5, 13],
    ] as const) {
      await promoteStaged(await stage(`r${n}`, rows), { keepBackups: 1, acceptFewer: true });
    }
    const backups = await target.query<{ total: string }>(
      "SELECT total_rows AS total FROM system.tables WHERE database = {d:String} AND name LIKE 'clob_fills_backup%' ORDER BY total_rows",
      { params: { d: target.database } },
    );
    expect(backups.map(({ total }) => Number(total))).toEqual([12, 1000]);
  });

  test('another selection than that of live is refused (3) although it has more rows', async () => {
    const run = async (id: string, rows: number, selection: string) => {
      const found = await stage(id, rows);
      const checkpoint = { ...found.checkpoint, fingerprint: { selection } };
      found.folder.writeCheckpoint(checkpoint);
      return { ...found, checkpoint };
    };
    await promoteStaged(await run('r1', 10, 'everything'));
    await expect(promoteStaged(await run('r2', 20, 'limit 1'))).rejects.toMatchObject({
      code: 3,
      message: expect.stringContaining('limit 1'),
    });
    expect(await promoteStaged(await run('r2', 20, 'limit 1'), { acceptFewer: true })).toMatchObject({ changed: true });
    expect(await promoteStaged(await run('r3', 30, 'everything'))).toMatchObject({ changed: true });
  });

  test('only so many backups are kept, and only our own are dropped', async () => {
    await target.command('CREATE TABLE clob_fills_backup_mine (x UInt8) ENGINE = MergeTree ORDER BY x');
    for (const n of [1, 2, 3, 4]) await promoteStaged(await stage(`r${n}`, 10 + n), { keepBackups: 2 });
    const names = await target.query<{ name: string }>(
      "SELECT name FROM system.tables WHERE database = {d:String} AND name LIKE 'clob_fills_backup%'",
      { params: { d: target.database } },
    );
    expect(names).toHaveLength(3);
    expect(names.map((row) => row.name)).toContain('clob_fills_backup_mine');
  });
});

describe('rollback', () => {
  test('rollback after rollback goes back one promotion at a time, and ends where nothing was live', async () => {
    for (const n of [1, 2, 3]) await promoteStaged(await stage(`r${n}`, 10 + n));
    expect(await rollback(workOn(target))).toMatchObject({ run: 'r2', rows: 12 });
    expect((await tables()).clob_fills).toBe(12);
    expect(await rollback(workOn(target), { dryRun: true })).toMatchObject({ run: 'r1', rows: 11, changed: false });
    expect(await rollback(workOn(target))).toMatchObject({ run: 'r1', rows: 11 });
    expect((await tables()).clob_fills).toBe(11);
    await expect(rollback(workOn(target))).rejects.toMatchObject({
      code: 1,
      message: expect.stringContaining('nothing was live'),
    });
    await promoteStaged(await stage('r4', 14));
    expect(await rollback(workOn(target))).toMatchObject({ run: 'r1', rows: 11 });
  });

  test('without its backup, or with a live table of somebody else, it is refused (1)', async () => {
    await expect(rollback(workOn(target))).rejects.toMatchObject({ code: 1 });
    await promoteStaged(await stage('r1', 10));
    const { backup } = await promoteStaged(await stage('r2', 12));
    await target.command(`RENAME TABLE ${backup} TO aside`);
    await expect(rollback(workOn(target))).rejects.toMatchObject({
      code: 1,
      message: expect.stringContaining('no longer there'),
    });
    await target.command('EXCHANGE TABLES aside AND clob_fills');
    await expect(rollback(workOn(target))).rejects.toMatchObject({
      code: 1,
      message: expect.stringContaining('is not the table'),
    });
  });
});

interface Child {
  readonly signal: string | null;
  readonly code: number | null;
  readonly output: string;
}

function promoter(run: string, mode: 'promote' | 'rollback', killAfter?: SwitchStep): Promise<Child> {
  const script = fileURLToPath(new URL('promoter.mjs', import.meta.url));
  const job = { url: server.url, database: target.database, checkpoints, run, mode, killAfter };
  const child = spawn(process.execPath, [script, JSON.stringify(job)], { stdio: ['ignore', 'pipe', 'pipe'] });
  let output = '';
  child.stdout.on('data', (data) => {
    output += data;
  });
  child.stderr.on('data', (data) => {
    output += data;
  });
  return new Promise((resolve) => child.on('close', (code, signal) => resolve({ code, signal, output })));
}

const STEPS: SwitchStep[] = ['recorded', 'armed', 'exchanged', 'checked', 'settled', 'noted'];

describe('a promotion killed with SIGKILL', () => {
  test.each(STEPS)('after the step "%s" is finished by running it again', async (step) => {
    await promoteStaged(await stage('r1', 10));
    await stage('r2', 12);
    expect(await promoter('r2', 'promote', step)).toMatchObject({ signal: 'SIGKILL' });
    // Readers have one table or the other, whole.
    expect([10, 12]).toContain((await tables()).clob_fills);
    const again = await promoter('r2', 'promote');
    expect(again).toMatchObject({ code: 0 });
    expect(await tables()).toEqual({ clob_fills: 12, 'clob_fills_backup_*': 10 });
    expect((await history(target)).every((p) => p.outcome !== null)).toBe(true);
  });

  test.each(STEPS)('a rollback, after the step "%s", is finished or undone by the next command', async (step) => {
    await promoteStaged(await stage('r1', 10));
    await promoteStaged(await stage('r2', 12));
    expect(await promoter('r2', 'rollback', step)).toMatchObject({ signal: 'SIGKILL' });
    const live = (await tables()).clob_fills;
    expect([10, 12]).toContain(live);
    // Promoting another run finishes what is open, and goes on.
    await promoteStaged(await stage('r3', 13));
    expect((await tables()).clob_fills).toBe(13);
    expect((await history(target)).every((p) => p.outcome !== null)).toBe(true);
    expect(await rollback(workOn(target))).toMatchObject({ rows: live });
  });

  test('the first promotion ever, between rename and record, is finished too', async () => {
    await stage('r1', 10);
    expect(await promoter('r1', 'promote', 'exchanged')).toMatchObject({ signal: 'SIGKILL' });
    expect(await promoter('r1', 'promote')).toMatchObject({ code: 0 });
    expect(await tables()).toEqual({ clob_fills: 10 });
    expect(await outcomes()).toEqual(['promote r1: done']);
  });
});

/** Polls `SELECT count() FROM clob_fills` every millisecond while `work` is done; what it saw. */
async function pollDuring(work: () => Promise<void>): Promise<{ seen: Set<number>; polls: number; errors: number }> {
  const poller = await server.database(target.database);
  const found = { seen: new Set<number>(), polls: 0, errors: 0 };
  let stop = false;
  const poll = async () => {
    while (!stop) {
      try {
        const [row] = await poller.query<{ n: string }>('SELECT count() AS n FROM clob_fills');
        found.seen.add(Number(row?.n));
        found.polls++;
      } catch {
        found.errors++;
      }
      await new Promise((resolve) => setTimeout(resolve, 1));
    }
  };
  const reader = poll();
  await work();
  stop = true;
  await reader;
  return found;
}

async function stageNext(rows: number): Promise<void> {
  await target.command('CREATE OR REPLACE TABLE clob_fills_staging AS clob_fills');
  await target.command(`INSERT INTO clob_fills_staging (${COLUMNS}) ${NUMBERED}(${rows})`);
}

test('a reader polling during 100 promotions sees the old rows or the new ones, never an error, none or a mixture', async () => {
  await promoteStaged(await stage('r0', 100));
  const lease = await leaseOf();
  const allowed = new Set([100]);
  const { seen, polls, errors } = await pollDuring(async () => {
    for (let n = 1; n <= 100; n++) {
      const rows = 100 + (n % 7);
      allowed.add(rows);
      await stageNext(rows);
      const uuids = await uuidsOf(target, ['clob_fills', 'clob_fills_staging']);
      const promotion: Promotion = {
        id: `${n}`.padStart(3, '0'),
        action: 'promote',
        run: `r${n}`,
        rows,
        checksum: '',
        live: 'clob_fills',
        incoming: 'clob_fills_staging',
        outgoing: n % 2 === 0 ? null : `clob_fills_backup_${n}`,
        newUuid: uuids.get('clob_fills_staging') ?? '',
        oldUuid: uuids.get('clob_fills') ?? '',
      };
      expect(await carryOut(target, [promotion], { lease, log: silentLog })).toEqual(['done']);
    }
  });
  expect(errors).toBe(0);
  expect([...seen].filter((rows) => !allowed.has(rows))).toEqual([]);
  expect(polls).toBeGreaterThan(300);
});

test('a table that somebody else has put in place meanwhile is not reported as switched', async () => {
  await promoteStaged(await stage('r0', 100));
  await stageNext(50);
  const lease = await leaseOf();
  const before = await uuidsOf(target, ['clob_fills', 'clob_fills_staging']);
  const promotion: Promotion = {
    id: '900',
    action: 'rebuild-pnl',
    run: 'r900',
    rows: 50,
    checksum: '',
    live: 'clob_fills',
    incoming: 'clob_fills_staging',
    outgoing: null,
    newUuid: before.get('clob_fills_staging') ?? '',
    oldUuid: before.get('clob_fills') ?? '',
  };
  await stageNext(60);
  await expect(carryOutAll(target, [promotion], { lease, log: silentLog })).rejects.toMatchObject({ code: 3 });
  expect((await uuidsOf(target, ['clob_fills'])).get('clob_fills')).toBe(before.get('clob_fills'));
});

test('mistake 14: the same reader catches two renames that pass for a promotion', async () => {
  await promoteStaged(await stage('r0', 100));
  const { errors } = await pollDuring(async () => {
    for (let n = 1; n <= 15; n++) {
      await stageNext(100);
      await target.command(`RENAME TABLE clob_fills TO clob_fills_old_${n}`);
      await target.command('RENAME TABLE clob_fills_staging TO clob_fills');
    }
  });
  expect(errors).toBeGreaterThan(0);
});
