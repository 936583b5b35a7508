// A process that counts a live table up by exchanging it, under the lease, until it is told to end or killed: see lease.test.ts.
import { randomUUID } from 'node:crypto';
import pino from 'pino';
import { openTarget } from '../../dist/clickhouse/client.js';
import { takeLease } from '../../dist/publish/lease.js';
import { history, promotionId } from '../../dist/publish/promotions.js';
import { carryOut, finishOpen, uuidsOf } from '../../dist/publish/switch.js';

const { url, database, times, timeToLiveMs, beatMs, sleepAfter } = JSON.parse(process.argv[2]);
const target = await openTarget({ url, database, username: 'default', password: '', requestTimeoutMs: 30_000 });
const log = pino({ level: 'silent' });
const say = (event) => process.stdout.write(`${JSON.stringify(event)}\n`);

for (let n = 0; n < times; n++) {
  const lease = await takeLease(target, { what: 'count', log, waitMs: 600_000, timeToLiveMs, beatMs });
  try {
    const options = {
      lease,
      log,
      afterStep: (step) => {
        if (step !== sleepAfter) return;
        // Stopped by the operating system: nothing is renewed until somebody continues it.
        say({ event: 'sleeping', fence: lease.fence });
        process.kill(process.pid, 'SIGSTOP');
      },
    };
    await finishOpen(target, options);
    const [row] = await target.query('SELECT max(n) AS n FROM counter');
    const incoming = `counter_staging_${randomUUID().slice(0, 8)}`;
    await target.command(`CREATE TABLE ${incoming} (n UInt64) ENGINE = MergeTree ORDER BY n`);
    await target.command(`INSERT INTO ${incoming} VALUES (${Number(row.n) + 1})`);
    const uuids = await uuidsOf(target, ['counter', incoming]);
    const promotion = {
      id: promotionId(new Date(), 'count', (await history(target)).at(-1)?.id),
      action: n % 2 === 0 ? 'rebuild-pnl' : 'promote',
      run: '',
      rows: 1,
      checksum: '',
      live: 'counter',
      incoming,
      outgoing: null,
      newUuid: uuids.get(incoming),
      oldUuid: uuids.get('counter'),
    };
    const [outcome] = await carryOut(target, [promotion], options);
    say({ event: 'counted', fence: lease.fence, outcome });
  } catch (error) {
    say({ event: 'failed', fence: lease.fence, message: error.message });
  } finally {
    await lease.release();
  }
}
await target.close();
