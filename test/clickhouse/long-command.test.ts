import { type AddressInfo, connect, createServer, type Server } from 'node:net';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { openTarget } from '../../src/clickhouse/client.js';
import { type LongCommandEnvironment, runLongCommand } from '../../src/clickhouse/long-command.js';
import type { LongProgress, Target } from '../../src/clickhouse/target.js';
import { FailureError, failed } from '../../src/core/failure.js';
import { startTestClickHouse, type TestClickHouse } from '../support/clickhouse.js';

let clickhouse: TestClickHouse;
let target: Target;
beforeAll(async () => {
  clickhouse = await startTestClickHouse();
  // Shorter than the statements of these tests.
  target = await clickhouse.database('long', { requestTimeoutMs: 400 });
  await target.command('CREATE TABLE t (x UInt64) ENGINE = MergeTree ORDER BY x');
});
afterAll(() => clickhouse.stop());

const slowInsert = (rows: number, from = 0): string =>
  `INSERT INTO t SELECT number + ${from} + sleepEachRow(0.1) FROM numbers(${rows}) SETTINGS max_block_size = 1`;

async function count(where = '1'): Promise<string | undefined> {
  const [row] = await target.query<{ n: string }>(`SELECT count() AS n FROM t WHERE ${where}`);
  return row?.n;
}

test('a statement longer than the time-out ends well, and its progress is seen', async () => {
  const seen: LongProgress[] = [];
  await target.longCommand(slowInsert(25), { onProgress: (progress) => seen.push(progress) });
  expect(await count()).toBe('25');
  expect(seen.length).toBeGreaterThan(0);
  expect(seen.at(-1)?.readRows).toBeGreaterThan(0);
});

test('a statement that fails after the time-out is reported with its own error', async () => {
  const failing = `INSERT INTO t SELECT throwIf(number = 9, 'on purpose') + sleepEachRow(0.1) FROM numbers(20)
                   SETTINGS max_block_size = 1`;
  const error = await target.longCommand(failing, { purpose: 'failing late' }).catch((thrown: unknown) => thrown);
  expect(error).toBeInstanceOf(FailureError);
  expect((error as FailureError).failure).toMatchObject({ kind: 'terminal', side: 'target', code: 'target_refused' });
  expect((error as FailureError).message).toContain('on purpose');
});

test('an error at once is an error at once', async () => {
  await expect(target.longCommand('OPTIMIZE TABLE nothing FINAL')).rejects.toMatchObject({
    failure: { code: 'target_schema', kind: 'terminal' },
  });
});

test('a caller that stops ends the statement on the server, too', async () => {
  const stop = new AbortController();
  const queryId = 'to-be-stopped';
  setTimeout(() => stop.abort(), 200);
  await expect(target.longCommand(slowInsert(30, 1000), { queryId, signal: stop.signal })).rejects.toMatchObject({
    failure: { code: 'stopped' },
  });
  for (let tries = 0; ; tries++) {
    const left = await target.query('SELECT 1 FROM system.processes WHERE query_id = {queryId:String}', {
      params: { queryId },
    });
    if (left.length === 0) break;
    expect(tries).toBeLessThan(50);
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
  expect(await count('x >= 1000')).not.toBe('30');
});

test('a connection that is cut in the middle does not run the statement twice', async () => {
  const proxy = await cuttingProxy(clickhouse.server.httpPort);
  const through = await openTarget({ ...clickhouse.settings, database: 'long', url: proxy.url });
  setTimeout(() => proxy.cut(), 300);
  await through.longCommand(slowInsert(10, 5000));
  expect(await count('x >= 5000')).toBe('10');
  await through.close();
  proxy.close();
});

/** The server as it looks to the statement's connection: lost, and whatever the log and the processes say. */
function lost(logged: object[] | 'no log', running: number): LongCommandEnvironment {
  let looks = running;
  return {
    send: () => Promise.reject(failed('transient', 'target_connection', 'socket hang up')),
    silentMs: 60_000,
    target: {
      command: () => Promise.resolve(),
      query: <Row>(sql: string) => {
        if (sql.includes('system.processes')) {
          return Promise.resolve((looks-- > 0 ? [{ elapsed: 1, read_rows: '1', total: '2' }] : []) as Row[]);
        }
        if (logged === 'no log') return Promise.reject(failed('terminal', 'target_schema', 'UNKNOWN_TABLE'));
        return Promise.resolve(logged as Row[]);
      },
    },
    purpose: 'a long statement',
    context: (purpose) => ({ purpose, url: 'u', password: '' }),
  };
}

test('without evidence it never counts as done', async () => {
  await expect(runLongCommand(lost('no log', 1), { queryId: 'q1' })).rejects.toMatchObject({
    failure: { kind: 'transient', side: 'target', code: 'target_connection', message: expect.stringContaining('q1') },
  });
  await expect(runLongCommand(lost('no log', 0), { verifyDone: async () => false })).rejects.toMatchObject({
    failure: { kind: 'transient' },
  });
});

test('the log or the probe is evidence; an exception in the log is never done', async () => {
  await runLongCommand(lost([{ type: 'QueryFinish', exception_code: 0, exception: '' }], 0), {});
  await runLongCommand(lost('no log', 0), { verifyDone: async () => true });
  const broken = [{ type: 'ExceptionWhileProcessing', exception_code: 241, exception: 'memory' }];
  await expect(runLongCommand(lost(broken, 0), { verifyDone: async () => true })).rejects.toMatchObject({
    failure: { code: 'target_busy' },
  });
});

interface CuttingProxy {
  url: string;
  cut(): void;
  close(): void;
}

/** Passes bytes on; `cut` drops every connection that is open, new ones are served. */
async function cuttingProxy(port: number): Promise<CuttingProxy> {
  const sockets = new Set<import('node:net').Socket>();
  const server: Server = createServer((client) => {
    const upstream = connect(port, '127.0.0.1');
    for (const [from, to] of [
      [client, upstream],
      [upstream, client],
    ] as const) {
      sockets.add(from);
      from.pipe(to);
      from.on('error', () => to.destroy());
      from.on('close', () => sockets.delete(from));
    }
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const cut = (): void => {
    for (const socket of sockets) socket.destroy();
  };
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    cut,
    close: () => {
      cut();
      server.close();
    },
  };
}
