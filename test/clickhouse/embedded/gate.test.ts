import { spawn } from 'node:child_process';
import {
  chmodSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { request } from 'node:http';
import { createServer, type Server } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { openTarget } from '../../../src/clickhouse/client.js';
import { EmbeddedServer } from '../../../src/clickhouse/embedded/embedded.js';
import { preflight } from '../../../src/clickhouse/preflight.js';
import { createFillsTable } from '../../../src/clickhouse/schema.js';
import { endOf } from '../../support/node-child.js';

/** Everybody may enter it: what protects the server is what is tested, not the folder above. */
const outside = mkdtempSync(join(tmpdir(), 'backfill-gate-'));
chmodSync(outside, 0o755);
const dir = join(outside, 'clickhouse');
const CANARY = 'canary-that-nobody-may-read';
writeFileSync(join(outside, 'canary'), `${CANARY}\n`);

let server: EmbeddedServer;
/** Whom the server would call, if it could be talked into it. */
let listener: Server;
let calls = 0;
let listenerPort: number;

beforeAll(async () => {
  listener = createServer((socket) => {
    calls++;
    socket.destroy();
  });
  await new Promise<void>((resolve) => listener.listen(0, '127.0.0.1', resolve));
  listenerPort = (listener.address() as { port: number }).port;
  server = await EmbeddedServer.start({ dir, stopGraceMs: 500 });
  await asBackfill('CREATE DATABASE d');
  await asBackfill('CREATE TABLE d.t (x String) ENGINE = MergeTree ORDER BY x');
});
afterAll(async () => {
  await server.close();
  listener.close();
  rmSync(outside, { recursive: true, force: true });
});

interface Answer {
  readonly status: number;
  readonly text: string;
}

/** Any header may be set here, unlike with fetch. */
function send(path: string, headers: Record<string, string>, body?: string, method = 'POST'): Promise<Answer> {
  return new Promise((resolve, reject) => {
    const { httpPort } = server;
    const sent = request({ host: '127.0.0.1', port: httpPort, path, method, headers, agent: false }, (response) => {
      let text = '';
      response.setEncoding('utf8').on('data', (part: string) => {
        text += part;
      });
      response.on('end', () => resolve({ status: response.statusCode ?? 0, text }));
    });
    sent.on('error', reject);
    sent.end(body);
  });
}

const basic = (user: string, password: string) => `Basic ${btoa(`${user}:${password}`)}`;
const ownLogin = () => ({ authorization: basic(server.login.username, server.login.password) });

async function asBackfill(statement: string): Promise<Answer> {
  return send('/', ownLogin(), statement);
}

const NOT_FOUND = { status: 404, text: expect.stringMatching(/^There is no handle/) };
const onLinux = test.runIf(process.platform === 'linux');

test('without the secret every path is 404 to every method, and no user has another way in', async () => {
  for (const path of [
    '/',
    '/ping',
    '/play',
    '/dashboard',
    '/replicas_status',
    '/metrics',
    '/js/uplot.js',
    '/?query=SELECT+1',
  ]) {
    for (const method of ['GET', 'POST', 'HEAD']) {
      expect(
        (await send(path, {}, method === 'GET' ? undefined : 'SELECT 1', method)).status,
        `${method} ${path}`,
      ).toBe(404);
    }
  }
  const wrong = 'x'.repeat(server.login.password.length);
  for (const headers of [
    { authorization: basic('default', '') },
    { authorization: basic('backfill', '') },
    { authorization: basic('backfill', wrong) },
    { authorization: basic('default', server.login.password) },
    { 'x-clickhouse-user': 'default', 'x-clickhouse-key': '' },
    { 'x-clickhouse-user': 'backfill', 'x-clickhouse-key': server.login.password },
  ]) {
    expect(await send('/', headers, 'SELECT 1')).toMatchObject(NOT_FOUND);
    expect(await send('/?user=default&password=', headers, 'SELECT 1')).toMatchObject(NOT_FOUND);
  }
});

test('a web page gets nothing: it knows no secret, and with one its origin or a made-up host name would give it away', async () => {
  const text = { 'content-type': 'text/plain', origin: 'http://evil.example' };
  const insert = `INSERT INTO d.t VALUES ('from a page')`;
  expect(await send('/', text, insert)).toMatchObject(NOT_FOUND);
  expect(await send(`/?query=${encodeURIComponent(insert)}`, text, '')).toMatchObject(NOT_FOUND);
  const secretPath = `/${server.login.password}`;
  for (const origin of ['http://evil.example', 'null', `https://127.0.0.1:${server.httpPort}`, 'http://127.0.0.1:1']) {
    expect(await send('/', { ...ownLogin(), origin }, insert)).toMatchObject(NOT_FOUND);
    expect(await send(secretPath, { origin }, insert)).toMatchObject(NOT_FOUND);
  }
  for (const host of [
    'evil.example',
    `evil.example:${server.httpPort}`,
    '127.0.0.1',
    `127.0.0.1:${server.httpPort}.evil`,
  ]) {
    expect(await send('/', { ...ownLogin(), host }, insert)).toMatchObject(NOT_FOUND);
    expect(await send(`${secretPath}/play`, { host }, undefined, 'GET')).toMatchObject(NOT_FOUND);
  }
  // What a browser asks first, before it sends a header of the page's own.
  const preflightOf = {
    ...text,
    'access-control-request-method': 'POST',
    'access-control-request-headers': 'authorization',
  };
  expect((await send('/', preflightOf, undefined, 'OPTIONS')).status).toBeGreaterThanOrEqual(400);
  expect(await asBackfill('SELECT count() FROM d.t')).toMatchObject({ status: 200, text: '0\n' });
});

test('the page /play is there under the secret path, and its own requests run as backfill', async () => {
  const link = new URL(server.playUrl('d'));
  expect(link.host).toBe(`127.0.0.1:${server.httpPort}`);
  const page = await send(link.pathname + link.search, {}, undefined, 'GET');
  expect(page).toMatchObject({ status: 200, text: expect.stringContaining('<title>ClickHouse Query</title>') });
  // As the page asks: to the address of its parameter `url`, with this header, in its own origin.
  const statements = new URL(link.searchParams.get('url') ?? '');
  const path = `${statements.pathname}?add_http_cors_header=1&default_format=TSV&database=${link.searchParams.get('database')}`;
  const headers = { authorization: 'never', origin: link.origin };
  expect(await send(path, headers, 'SELECT currentUser(), currentDatabase()')).toMatchObject({
    status: 200,
    text: 'backfill\td\n',
  });
  expect(await send(`${path}&user=default`, headers, 'SELECT currentUser()')).toMatchObject({
    status: 200,
    text: 'backfill\n',
  });
});

/** Each is refused, or ends before it has reached anything. `OUT` is a folder that is not the server's, `HOST` the listener. */
const OUTWARDS = [
  `SELECT * FROM file('OUT/canary', 'LineAsString')`,
  `SELECT file('OUT/canary')`,
  'SELECT * FROM default.`OUT/canary`',
  `INSERT INTO d.t FROM INFILE 'OUT/canary' FORMAT LineAsString`,
  `INSERT INTO FUNCTION file('OUT/made', 'LineAsString') SELECT 'x'`,
  `SELECT 'x' INTO OUTFILE 'OUT/made'`,
  `CREATE DATABASE fs ENGINE = Filesystem('OUT')`,
  `CREATE TABLE d.f (x String) ENGINE = File(TSV, 'OUT/made')`,
  `CREATE TABLE d.l (x String) ENGINE = MergeTree ORDER BY x SETTINGS disk = disk(type = local, path = 'OUT/made/')`,
  `CREATE TABLE d.o (x String) ENGINE = MergeTree ORDER BY x
     SETTINGS disk = disk(type = object_storage, object_storage_type = local, metadata_type = local, path = 'OUT/made/')`,
  `ATTACH TABLE d.a UUID '00000000-0000-0000-0000-00000000000a' (x String) ENGINE = MergeTree ORDER BY x
     SETTINGS disk = disk(type = object_storage, object_storage_type = local, metadata_type = plain, path = 'OUT/made/')`,
  `ALTER TABLE d.t FREEZE WITH NAME '../../../made'`,
  `BACKUP TABLE d.t TO File('OUT/made')`,
  `CREATE DICTIONARY d.i (x String) PRIMARY KEY x SOURCE(FILE(path 'OUT/canary' format LineAsString))
     LAYOUT(COMPLEX_KEY_HASHED()) LIFETIME(0)`,
  `SELECT * FROM executable('canary', 'TSV', 'x String')`,
  `SELECT * FROM sqlite('OUT/made', 't')`,
  `SELECT * FROM url('http://HOST/', 'LineAsString')`,
  `INSERT INTO FUNCTION url('http://HOST/', 'TSV', 'x String') SELECT 'x'`,
  `SELECT * FROM s3('http://HOST/bucket/key', 'LineAsString')`,
  `SELECT * FROM remote('HOST', system.one)`,
  `SELECT * FROM mysql('HOST', 'a', 'b', 'c', 'd')`,
  `SELECT * FROM postgresql('HOST', 'a', 'b', 'c', 'd')`,
  `SELECT * FROM mongodb('HOST', 'a', 'b', 'c', 'd', 'x String')`,
  `SELECT * FROM hdfs('hdfs://HOST/a', 'TSV', 'x String')`,
  `CREATE TABLE d.u (x String) ENGINE = URL('http://HOST/', 'TSV')`,
  `CREATE TABLE d.w (x String) ENGINE = MergeTree ORDER BY x SETTINGS disk = disk(type = web, endpoint = 'http://HOST/a/')`,
  `SYSTEM START LISTEN TCP`,
  `SYSTEM SHUTDOWN`,
  `CREATE USER me`,
  `GRANT ALL ON *.* TO backfill`,
  `CREATE FUNCTION f AS x -> x`,
];

onLinux('with the login: no statement reads or writes outside the folder, or calls anybody', async () => {
  const before = readdirSync(outside);
  for (const statement of OUTWARDS) {
    const sql = statement
      .replaceAll('OUT/', `${outside}/`)
      .replaceAll("'OUT'", `'${outside}'`)
      .replaceAll('HOST', `127.0.0.1:${listenerPort}`);
    const { status, text } = await asBackfill(sql);
    expect(status, `${sql}: ${text}`).toBeGreaterThanOrEqual(400);
    expect(text).not.toContain(CANARY);
  }
  // A table that is attached is not looked at: its disk is a host, and that host is never called.
  const attach = `ATTACH TABLE d.h UUID '00000000-0000-0000-0000-00000000000b' (x String) ENGINE = MergeTree ORDER BY x
    SETTINGS disk = disk(type = web, endpoint = 'http://127.0.0.1:${listenerPort}/a/')`;
  // The engine tries for half a minute: the first tries are enough.
  const asked = asBackfill(attach).catch(() => undefined);
  await Promise.race([asked, new Promise((resolve) => setTimeout(resolve, 2_000))]);
  expect(readdirSync(outside)).toEqual(before);
  expect(calls).toBe(0);
});

test('with the login: what the tool asks of a server works', async () => {
  const target = await openTarget({
    url: server.url,
    ...server.login,
    database: 'polymarket',
    requestTimeoutMs: 20_000,
  });
  try {
    expect(await preflight(target)).toMatchObject({ databaseExists: false });
    await target.command('CREATE DATABASE polymarket', { withoutDatabase: true });
    for (const name of ['f', 'g']) await createFillsTable(target, name);
    await target.insertRows('f', [{ token_id: 1 }]);
    for (const sql of [
      'ALTER TABLE g ATTACH PARTITION tuple() FROM f',
      'EXCHANGE TABLES f AND g',
      'OPTIMIZE TABLE f FINAL',
      `ALTER TABLE f MODIFY COMMENT 'x'`,
      'ALTER TABLE f DELETE WHERE token_id = 2',
      'TRUNCATE TABLE g',
      'RENAME TABLE g TO h',
      'DROP TABLE h',
    ]) {
      await target.command(sql);
    }
    await target.longCommand('CREATE TABLE m ENGINE = MergeTree ORDER BY tuple() AS SELECT * FROM f');
    expect(await target.query('SELECT count() AS n FROM f')).toEqual([{ n: '1' }]);
    await target.command('DROP DATABASE polymarket', { withoutDatabase: true });
  } finally {
    await target.close();
  }
});

/** Run as another user: prints what could be read. */
const SNOOP = `
  import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
  import { join } from 'node:path';
  const [, dir, url] = process.argv;
  const read = [];
  const attempt = (what, act) => { try { read.push([what, act()]); } catch (error) { if (error.code !== 'EACCES') throw error; } };
  attempt('list', () => readdirSync(dir));
  for (const name of ['server.json', 'server.log', 'data/status', 'data/metadata/d.sql', 'data'])
    attempt(name, () => readFileSync(join(dir, name), 'latin1'));
  attempt('write', () => writeFileSync(join(dir, 'data', 'mine'), ''));
  for (const path of ['/', '/ping', '/play', '/?query=SELECT+1']) {
    const { status } = await fetch(url + path, { method: 'POST', body: "SELECT * FROM d.t" });
    if (status !== 404) read.push([path, status]);
  }
  console.log(JSON.stringify({ uid: process.getuid(), read }));
`;

test.runIf(process.getuid?.() === 0)(
  'another user of the machine reads no file of it, writes none, and is answered nothing',
  async () => {
    const args = ['--input-type=module', '-e', SNOOP, '--', dir, server.url];
    for (const mode of [0o700, 0o755]) {
      // 755: a folder that was there before, and that others may enter. Its files are closed all the same.
      chmodSync(dir, mode);
      const child = spawn(process.execPath, args, {
        uid: 12345,
        gid: 12345,
        cwd: '/',
        env: {},
        stdio: ['ignore', 'pipe', 'pipe'],
      });
      const { stdout, stderr } = await endOf(child);
      const names = mode === 0o755 ? [['list', readdirSync(dir)]] : [];
      expect({ stdout: JSON.parse(stdout), stderr }).toEqual({ stdout: { uid: 12345, read: names }, stderr: '' });
    }
    chmodSync(dir, 0o700);
  },
);

test('every start has a secret of its own; the files that hold one are their owner’s, and the engine’s configuration is gone', async () => {
  const other = join(outside, 'other');
  mkdirSync(other, { mode: 0o755 });
  mkdirSync(join(other, 'data'), { mode: 0o755 });
  const secrets = new Set<string>();
  for (let start = 0; start < 2; start++) {
    const one = await EmbeddedServer.start({ dir: other });
    const { password } = one.login;
    const borrowed = await EmbeddedServer.start({ dir: other });
    expect(borrowed.login).toEqual(one.login);
    secrets.add(password);
    expect(statSync(join(other, 'data')).mode & 0o777).toBe(0o700);
    for (const name of readdirSync(other).filter((found) => found !== 'data')) {
      expect(statSync(join(other, name)).mode & 0o777, name).toBe(0o600);
    }
    expect(readdirSync(other).sort()).toEqual(['data', 'server.json', 'server.log']);
    expect(readFileSync(join(other, 'server.log'), 'utf8')).not.toContain(password);
    if (existsSync(`/proc/${one.pid}/cmdline`)) {
      expect(readFileSync(`/proc/${one.pid}/cmdline`, 'latin1')).not.toContain(password);
      expect(readFileSync(`/proc/${one.pid}/environ`, 'latin1')).not.toContain(password);
    }
    await one.close();
  }
  expect(secrets.size).toBe(2);
});
