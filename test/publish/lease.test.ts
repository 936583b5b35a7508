import { type ChildProcess, spawn } from 'node:child_process';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, beforeEach, describe, expect, onTestFinished, test } from 'vitest';
import { ensureTables } from '../../src/clickhouse/schema.js';
import type { Target } from '../../src/clickhouse/target.js';
import { type LeaseOptions, takeLease } from '../../src/publish/lease.js';
import { printHolder, thisHolder } from '../../src/publish/lease-holder.js';
import { history } from '../../src/publish/promotions.js';
import { finishOpen, uuidsOf } from '../../src/publish/switch.js';
import { silentLog } from '../datasets/pnl/universe/universe.js';
import { startTestClickHouse, type TestClickHouse } from '../support/clickhouse.js';
import { randomFrom, testSeed } from '../support/random.js';

let server: TestClickHouse;
let target: Target;
beforeAll(async () => {
  server = await startTestClickHouse();
});
afterAll(() => server?.stop());
beforeEach(async () => {
  target = await server.database();
  await ensureTables(target);
});

const QUICK = { timeToLiveMs: 800, beatMs: 100 };
const options = (over: Partial<LeaseOptions> = {}): LeaseOptions => ({
  what: 'test',
  log: silentLog,
  ...QUICK,
  ...over,
});

/** A lease of a holder on another machine, of whom nothing is known but what the target says. */
async function foreignLease(fence: number, atMs = Date.now()): Promise<string> {
  const name = `backfill_lease_${String(fence).padStart(10, '0')}`;
  const holder = { ...thisHolder('promote'), bootId: 'elsewhere', who: 'ann@other' };
  await target.command(
    `CREATE TABLE ${name} (at DateTime64(3, 'UTC') DEFAULT now64(3), state Enum8('held' = 1, 'released' = 2))
     ENGINE = MergeTree ORDER BY at COMMENT '${printHolder(holder)}'`,
  );
  await target.command(`INSERT INTO ${name} SELECT fromUnixTimestamp64Milli(toInt64(${atMs})), 'held'`);
  return name;
}

describe('the lease of a target', () => {
  test('is given to the next one when it is released, with a higher fence', async () => {
    const first = await takeLease(target, options());
    await first.release();
    const second = await takeLease(target, options());
    expect(second.fence).toBe(first.fence + 1);
    await second.release();
  });

  test('is refused while its owner is alive (1), who is named', async () => {
    const held = await takeLease(target, options({ what: 'rebuild-pnl' }));
    await expect(takeLease(target, options())).rejects.toMatchObject({
      code: 1,
      message: expect.stringMatching(/being changed by `backfill rebuild-pnl` of .*process \d+/),
      hint: expect.stringContaining('expires'),
    });
    await held.check();
    await held.release();
  });

  test('of a dead owner on another machine is waited for until it expires, and taken then', async () => {
    await foreignLease(7);
    const beganMs = performance.now();
    const lease = await takeLease(target, options());
    expect(lease.fence).toBe(8);
    expect(performance.now() - beganMs).toBeGreaterThan(QUICK.timeToLiveMs / 2);
    await lease.release();
  });

  test('expires although the clock of the server was set back', async () => {
    await foreignLease(3, Date.now() + 3_600_000);
    const lease = await takeLease(target, options());
    expect(lease.fence).toBe(4);
    await lease.release();
  });

  test('of an owner who was taken over lets him change nothing: what he armed has another name', async () => {
    const slow = await takeLease(target, options({ beatMs: 60_000 }));
    await target.command(`CREATE TABLE staging (n UInt64) ENGINE = MergeTree ORDER BY n`);
    const uuid = (await uuidsOf(target, ['staging'])).get('staging') ?? '';
    await target.command(`RENAME TABLE staging TO ${slow.incomingName(uuid)}`);
    await slow.check();
    const next = await takeLease(target, options());
    await expect(target.command(`RENAME TABLE ${slow.incomingName(uuid)} TO live`)).rejects.toThrow();
    await expect(slow.check()).rejects.toMatchObject({ code: 3 });
    expect((await uuidsOf(target, [next.incomingName(uuid)])).get(next.incomingName(uuid))).toBe(uuid);
    await slow.release();
    await next.check();
    await next.release();
  });

  test('leaves one small table behind, however often it was held', async () => {
    for (let n = 0; n < 5; n++) await (await takeLease(target, options())).release();
    const left = await target.query(
      "SELECT name FROM system.tables WHERE database = {d:String} AND name LIKE 'backfill_%'",
      {
        params: { d: target.database },
      },
    );
    expect(left).toHaveLength(1);
  });
});

interface Event {
  readonly event: 'counted' | 'failed' | 'sleeping';
  readonly fence: number;
  readonly outcome?: string;
}

interface Contender {
  readonly child: ChildProcess;
  readonly events: Event[];
  readonly ended: Promise<string>;
}

function contender(times: number, sleepAfter?: string): Contender {
  const script = fileURLToPath(new URL('lease-contender.mjs', import.meta.url));
  const job = { url: server.url, database: target.database, times, sleepAfter, ...QUICK };
  const child = spawn(process.execPath, [script, JSON.stringify(job)], { stdio: ['ignore', 'pipe', 'pipe'] });
  const events: Event[] = [];
  let text = '';
  let errors = '';
  child.stdout.on('data', (data) => {
    text += data;
    const lines = text.split('\n');
    text = lines.pop() ?? '';
    for (const line of lines) events.push(JSON.parse(line));
  });
  child.stderr.on('data', (data) => {
    errors += data;
  });
  const ended = new Promise<string>((resolve) => child.on('close', () => resolve(errors)));
  onTestFinished(async () => {
    child.kill('SIGKILL');
    await ended;
  });
  return { child, events, ended };
}

async function until(holds: () => boolean): Promise<void> {
  while (!holds()) await sleep(10);
}

/** Every exchange that was made replaced what the one before it had put there: none was lost, none came between. */
async function expectChain(first: string): Promise<void> {
  const lease = await takeLease(target, options({ waitMs: 600_000 }));
  await finishOpen(target, { lease, log: silentLog });
  const done = (await history(target)).filter((p) => p.outcome === 'done');
  let live = first;
  for (const promotion of done) {
    expect([promotion.id, promotion.oldUuid]).toEqual([promotion.id, live]);
    live = promotion.newUuid;
  }
  expect((await uuidsOf(target, ['counter'])).get('counter')).toBe(live);
  expect(await target.query('SELECT max(n) AS n FROM counter')).toEqual([{ n: String(done.length) }]);
  await lease.release();
}

async function makeCounter(): Promise<string> {
  await target.command('CREATE TABLE counter (n UInt64) ENGINE = MergeTree ORDER BY n');
  await target.command('INSERT INTO counter VALUES (0)');
  return (await uuidsOf(target, ['counter'])).get('counter') ?? '';
}

describe('processes that contend for a target', () => {
  test('many at once, some of them killed: no exchange is lost and none comes between', async () => {
    const random = randomFrom(testSeed());
    const first = await makeCounter();
    const contenders = Array.from({ length: 6 }, () => contender(4));
    const killed = contenders.slice(0, 3);
    for (const { child, events } of killed) {
      void until(() => events.length > 0 || child.exitCode !== null)
        .then(() => sleep(random() * 200))
        .then(() => child.kill('SIGKILL'));
    }
    const errors = await Promise.all(contenders.map(({ ended }) => ended));
    expect(errors.join('')).toBe('');
    await expectChain(first);
    for (const { events } of contenders.slice(3)) {
      expect(events.filter(({ event }) => event === 'counted')).toHaveLength(4);
    }
  });

  test.each(['recorded', 'armed', 'exchanged'])(
    'an owner that sleeps after the step "%s" until another has taken over changes nothing when it wakes',
    async (step) => {
      const first = await makeCounter();
      const sleeper = contender(1, step);
      await until(() => sleeper.events.some(({ event }) => event === 'sleeping'));
      const other = contender(3);
      await other.ended;
      expect(other.events.map(({ outcome }) => outcome)).toEqual(['done', 'done', 'done']);
      const before = await target.query('SELECT max(n) AS n FROM counter');
      sleeper.child.kill('SIGCONT');
      await sleeper.ended;
      expect(await target.query('SELECT max(n) AS n FROM counter')).toEqual(before);
      await expectChain(first);
    },
  );
});
