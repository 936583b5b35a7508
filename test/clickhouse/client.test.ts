import { randomUUID } from 'node:crypto';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { openTarget } from '../../src/clickhouse/client.js';
import { classifyTargetError, EXCEPTIONS } from '../../src/clickhouse/failures.js';
import { preflight } from '../../src/clickhouse/preflight.js';
import { createFillsTable, ensureDatabase } from '../../src/clickhouse/schema.js';
import { FILLS_COLUMN_NAMES } from '../../src/clickhouse/tables.js';
import type { Target, TargetSettings } from '../../src/clickhouse/target.js';
import { parseTargetUrl } from '../../src/clickhouse/url.js';
import { FailureError } from '../../src/core/failure.js';
import { FILL, FILL_BYTES } from '../../src/datasets/fills/table.js';
import { startTestClickHouse, type TestClickHouse } from '../support/clickhouse.js';

/** The log of statements shows the settings that differ from the user's own: `contrary` has the opposite of what we send. */
const USERS = `
<clickhouse>
  <profiles><default/><contrary><async_insert>0</async_insert><wait_for_async_insert>0</wait_for_async_insert></contrary></profiles>
  <quotas><default/></quotas>
  <users>
    <default><password/><networks><ip>127.0.0.1</ip></networks><profile>default</profile><quota>default</quota></default>
    <contrary><password/><networks><ip>127.0.0.1</ip></networks><profile>contrary</profile><quota>default</quota></contrary>
  </users>
</clickhouse>`;

let clickhouse: TestClickHouse;
beforeAll(async () => {
  clickhouse = await startTestClickHouse({ usersXml: USERS });
});
afterAll(() => clickhouse.stop());

async function failureOf(promise: Promise<unknown>) {
  const error = await promise.then(
    () => undefined,
    (thrown: unknown) => thrown,
  );
  if (!(error instanceof FailureError)) throw new Error(`expected a FailureError, got ${String(error)}`);
  return error.failure;
}

/** The settings that the server saw on the one statement of this id. */
async function settingsSeen(target: Target, queryId: string): Promise<Record<string, string>> {
  await target.command('SYSTEM FLUSH LOGS');
  const [row] = await target.query<{ Settings: Record<string, string> }>(
    "SELECT Settings FROM system.query_log WHERE query_id = {id:String} AND type = 'QueryFinish'",
    { params: { id: queryId } },
  );
  return row?.Settings ?? {};
}

describe('inserts', () => {
  // Zeros but for the side and the exchange, which must be one of those that there are.
  const bytes = new Uint8Array(FILL_BYTES);
  bytes[FILL.side] = 1;
  bytes[FILL.exchange] = 1;

  test.each([
    ['async', 'contrary', { async_insert: '1', wait_for_async_insert: '1' }],
    ['sync', 'default', { async_insert: '0' }],
  ] as const)('%s: the settings arrive with every insert', async (insertMode, username, mode) => {
    const target = await clickhouse.database(undefined, { insertMode, username });
    await createFillsTable(target, 'f');
    for (const insert of [
      (queryId: string) =>
        target.insertRowBinary('f', FILLS_COLUMN_NAMES, bytes, { queryId, settings: { log_queries: 1 } }),
      (queryId: string) => target.insertRows('f', [{ token_id: 5n }], { queryId, settings: { log_queries: 1 } }),
    ]) {
      const queryId = randomUUID();
      await insert(queryId);
      expect(await settingsSeen(target, queryId)).toMatchObject({
        insert_deduplicate: '0',
        deduplicate_insert: 'disable',
        optimize_on_insert: '0',
        materialize_skip_indexes_on_insert: '0',
        ...mode,
      });
    }
    expect(await target.query('SELECT count() AS n FROM f')).toEqual([{ n: '2' }]);
  });

  test('with compression, as on a network, the same rows arrive', async () => {
    const target = await clickhouse.database(undefined, { compression: true });
    await createFillsTable(target, 'f');
    const many = new Uint8Array(FILL_BYTES * 1000);
    for (let row = 0; row < 1000; row++) {
      many.set(bytes, row * FILL_BYTES);
      new DataView(many.buffer).setUint32(row * FILL_BYTES, row);
    }
    await target.insertRowBinary('f', FILLS_COLUMN_NAMES, many);
    expect(await target.query('SELECT count() AS n FROM f FINAL')).toEqual([{ n: '1000' }]);
    expect((await failureOf(target.query('SELECT x FROM nothing'))).code).toBe('target_schema');
  });

  test('a body that is cut is refused whole, and may be sent again', async () => {
    const target = await clickhouse.database();
    await createFillsTable(target, 'f');
    const failure = await failureOf(target.insertRowBinary('f', FILLS_COLUMN_NAMES, bytes.subarray(0, FILL_BYTES - 1)));
    expect(failure).toMatchObject({ kind: 'transient', side: 'target', code: 'target_connection' });
    expect(await target.query('SELECT count() AS n FROM f')).toEqual([{ n: '0' }]);
  });

  test('32 at once, more than there are connections', async () => {
    const target = await clickhouse.database(undefined, { maxSockets: 4 });
    await createFillsTable(target, 'f');
    const inserts = Array.from({ length: 32 }, (_, i) => {
      const row = Uint8Array.from(bytes);
      row[0] = i;
      return target.insertRowBinary('f', FILLS_COLUMN_NAMES, row);
    });
    await Promise.all(inserts);
    expect(await target.query('SELECT count() AS n FROM f FINAL')).toEqual([{ n: '32' }]);
  });
});

test('wide integers, decimals, NULL and text come back exactly', async () => {
  const target = await clickhouse.database();
  const text = "tab\t quote' back\\slash \n 💱";
  const rows = await target.query(
    `SELECT toUInt64('18446744073709551615') AS u, toDecimal64('0.000001', 6) AS d, NULL AS n, {text:String} AS t,
            {list:Array(String)} AS l`,
    { params: { text, list: [text, ''] } },
  );
  expect(rows).toEqual([{ u: '18446744073709551615', d: '0.000001', n: null, t: text, l: [text, ''] }]);
});

test('a list of parameters longer than a URL is passed, one beyond 128 KB is refused for good', async () => {
  const tokens = Array.from({ length: 1300 }, (_, i) => `${i}${'7'.repeat(70)}`);
  const sql = 'SELECT length({tokens:Array(String)}) AS n';
  expect(await clickhouse.target.query(sql, { params: { tokens } })).toEqual([{ n: '1300' }]);
  expect(await failureOf(clickhouse.target.query(sql, { params: { tokens: [...tokens, ...tokens] } }))).toMatchObject({
    kind: 'terminal',
    code: 'target_refused',
  });
});

test.each([
  'polymarket-2',
  'with space',
  "it's",
  'back`tick',
  'dou"ble',
  'back\\slash',
  'ünïcode 数据 💱',
  'a.b',
  'default',
  '1',
])('a database may be called %s', async (name) => {
  const target = await clickhouse.database(name);
  // A second time: it is there.
  await ensureDatabase(target);
  await createFillsTable(target, 'clob_fills');
  await target.insertRows('clob_fills', [{ token_id: 1 }]);
  expect(await target.query('SELECT currentDatabase() AS d, count() AS n FROM clob_fills')).toEqual([
    { d: name, n: '1' },
  ]);
  expect(
    await target.query("SELECT database FROM system.tables WHERE name = 'clob_fills' AND database = {name:String}", {
      params: { name },
    }),
  ).toEqual([{ database: name }]);
});

test('a name cannot end its quotes', async () => {
  const target = await clickhouse.database();
  await createFillsTable(target, 'f');
  const evil = 'f`; DROP TABLE f; --';
  expect((await failureOf(target.insertRows(evil, [{ token_id: 1 }]))).code).toBe('target_schema');
  await target.command('CREATE TABLE {table:Identifier} (x UInt8) ENGINE = Memory', { names: { table: evil } });
  expect(await target.query('SELECT name FROM system.tables WHERE database = currentDatabase() ORDER BY name')).toEqual(
    [{ name: 'f' }, { name: evil }],
  );
  expect((await failureOf(target.insertRows('', [{ x: 1 }]))).kind).toBe('terminal');
});

describe('failures', () => {
  test('every code of the table is the one of that name on the server', async () => {
    const codes = Object.keys(EXCEPTIONS).map(Number);
    const rows = await clickhouse.target.query<{ code: number; name: string }>(
      'SELECT arrayJoin({codes:Array(Int32)}) AS code, errorCodeToName(code) AS name',
      { params: { codes } },
    );
    expect(rows).toHaveLength(codes.length);
    for (const { code, name } of rows) expect(`${code} ${name}`).toBe(`${code} ${EXCEPTIONS[code]?.[2]}`);
  });

  test.each([
    ['SELECT x FROM nothing', 'target_schema', 'terminal'],
    ['SELECT nothing FROM system.one', 'target_schema', 'terminal'],
    ['SELEKT', 'target_refused', 'terminal'],
    ["SELECT throwIf(1, 'bad')", 'target_refused', 'terminal'],
    [
      'SELECT groupArray(number) FROM numbers(10000000) SETTINGS max_memory_usage = 1000000',
      'target_query_memory',
      'terminal',
    ],
    ['SELECT sleepEachRow(0.2) FROM numbers(10) SETTINGS max_execution_time = 0.5', 'target_timeout', 'transient'],
  ] as const)('%s is %s', async (sql, code, kind) => {
    const failure = await failureOf(clickhouse.target.query(sql, { purpose: 'asking for it' }));
    expect(failure).toMatchObject({ code, kind });
    expect(failure.message).toMatch(/^asking for it: ClickHouse error \d+: /);
    expect(failure.message.length).toBeLessThan(500);
  });

  test('too many parts is busy, a full disk is told from other write errors', () => {
    const context = { purpose: 'p', url: 'u', password: '' };
    const serverError = (code: number, message: string) =>
      Object.assign(new Error(message), { code: `${code}`, type: 'X' });
    expect(classifyTargetError(serverError(252, 'Too many parts'), context)).toMatchObject({ code: 'target_busy' });
    expect(classifyTargetError(serverError(243, 'x'), context)).toMatchObject({ code: 'target_disk_full' });
    expect(
      classifyTargetError(
        serverError(75, 'Cannot write to file, errno: 28, strerror: No space left on device'),
        context,
      ),
    ).toMatchObject({ code: 'target_disk_full', kind: 'transient' });
    expect(classifyTargetError(serverError(99999, 'x'), context)).toMatchObject({
      code: 'target_refused',
      kind: 'terminal',
    });
  });

  test('a request that takes too long, a caller that stops', async () => {
    const target = await clickhouse.database(undefined, { requestTimeoutMs: 300 });
    const slow = 'SELECT sleepEachRow(0.5) FROM numbers(6)';
    expect(await failureOf(target.query(slow))).toMatchObject({ code: 'target_timeout', kind: 'transient' });
    const stop = new AbortController();
    setTimeout(() => stop.abort(), 50);
    expect(await failureOf(target.query(slow, { signal: stop.signal }))).toMatchObject({ code: 'stopped' });
    expect(await failureOf(target.query('SELECT 1', { signal: stop.signal }))).toMatchObject({ code: 'stopped' });
  });

  describe('on the wire', () => {
    let server: Server;
    let settings: TargetSettings & { url: string };
    let answer: Parameters<typeof createServer>[1];
    beforeAll(async () => {
      server = createServer((request, response) => {
        request.resume();
        answer?.(request, response as never);
      });
      await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
      settings = {
        url: `http://user:s3cret%2F@127.0.0.1:${(server.address() as AddressInfo).port}`,
        username: 'ignored',
        password: 'ignored',
        database: 'd',
        requestTimeoutMs: 300,
      };
    });
    afterAll(() => {
      server.closeAllConnections();
      server.close();
    });

    test.each([
      ['a reset', 'target_connection', (_q, r) => r.socket?.destroy()],
      [
        'an answer cut in the middle',
        'target_connection',
        (_q, r) => {
          r.writeHead(200, { 'content-length': '100' });
          r.write('x');
          setTimeout(() => r.socket?.destroy(), 20);
        },
      ],
      ['silence', 'target_timeout', () => undefined],
      [
        'an answer that never ends',
        'target_timeout',
        (_q, r) => {
          r.writeHead(200);
          const timer = setInterval(() => r.write('x'), 50);
          r.on('close', () => clearInterval(timer));
        },
      ],
      [
        "a proxy's error page",
        'target_connection',
        (_q, r) => r.writeHead(502).end('<html>Bad Gateway s3cret/ s3cret%2F</html>'),
      ],
      ['an empty error', 'target_connection', (_q, r) => r.writeHead(503).end()],
    ] as [string, string, NonNullable<typeof answer>][])('%s is transient: %s', async (_what, code, behaviour) => {
      answer = behaviour;
      const target = await openTarget(settings);
      for (const failure of [
        await failureOf(target.command('OPTIMIZE TABLE t')),
        await failureOf(target.insertRowBinary('t', ['a'], new Uint8Array(10))),
      ]) {
        expect(failure).toMatchObject({ kind: 'transient', code });
        expect(failure.message).not.toContain('s3cret');
      }
      expect(target.url).toBe(parseTargetUrl(settings.url).origin);
      expect(await failureOf(target.ping())).toMatchObject({ code });
      await target.close();
    });

    test('a web page at the URL is told before anything is touched', async () => {
      answer = (_q, r) => r.writeHead(404).end('<html>not here</html>');
      const target = await openTarget(settings);
      await expect(preflight(target)).rejects.toMatchObject({ name: 'ExitError', code: 1 });
      answer = (_q, r) => r.writeHead(200).end('<html>welcome</html>');
      await expect(preflight(target)).rejects.toMatchObject({ name: 'ExitError', code: 1 });
      await target.close();
    });
  });

  test('nobody there is a transient failure: the caller may wait', async () => {
    const target = await openTarget({ ...clickhouse.settings, url: 'http://127.0.0.1:1' });
    expect(await failureOf(preflight(target))).toMatchObject({
      kind: 'transient',
      side: 'target',
      code: 'target_connection',
    });
    await target.close();
  });
});

describe('the URL', () => {
  test('credentials are taken out of it', () => {
    expect(parseTargetUrl('https://me:p%40ss@db.example:8443/ch/')).toEqual({
      url: 'https://db.example:8443/ch',
      origin: 'https://db.example:8443',
      pathname: '/ch',
      username: 'me',
      password: 'p@ss',
      loopback: false,
    });
    expect(parseTargetUrl('http://[::1]:8123').loopback).toBe(true);
    expect(parseTargetUrl('http://localhost').loopback).toBe(true);
    expect(parseTargetUrl('http://127.example.com').loopback).toBe(false);
  });

  test.each([
    '',
    'localhost:8123',
    'tcp://me:s3cret@host',
    'http://me:s3cret@host:99999',
    'http://me:s3cret@host/?database=s3cret',
  ])('%s is refused without showing credentials', (url) => {
    expect(() => parseTargetUrl(url)).toThrowError(expect.objectContaining({ name: 'ExitError', code: 1 }));
    expect(() => parseTargetUrl(url)).not.toThrowError(/s3cret/);
  });
});
