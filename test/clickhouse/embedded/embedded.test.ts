import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { EmbeddedServer } from '../../../src/clickhouse/embedded/embedded.js';
import { findEngine } from '../../../src/clickhouse/embedded/engine-package.js';
import { readServerFile } from '../../../src/clickhouse/embedded/server-file.js';
import { openTargetOrEmbedded } from '../../../src/clickhouse/open.js';
import { livenessOf } from '../../../src/core/holder.js';

let dir: string;
const servers: EmbeddedServer[] = [];
const owners: ChildProcess[] = [];

beforeEach(() => {
  dir = mkdtempSync(join(tmpdir(), 'backfill embedded & <co> '));
});
afterEach(async () => {
  for (const server of servers.splice(0)) await server.close();
  for (const owner of owners.splice(0)) {
    if (owner.exitCode === null && owner.signalCode === null) {
      owner.kill('SIGKILL');
      await once(owner, 'exit');
    }
  }
  const last = readServerFile(dir);
  // One of another pid namespace is gone with it.
  if (last && livenessOf(last.owner) !== 'elsewhere') await until(() => isDead(last.pid));
  rmSync(dir, { recursive: true, force: true });
});

async function start(options: { startTimeoutMs?: number; dir?: string } = {}): Promise<EmbeddedServer> {
  const server = await EmbeddedServer.start({ dir, ...options });
  servers.push(server);
  return server;
}

const OWNER = `
  const { EmbeddedServer } = await import(process.argv[1]);
  const server = await EmbeddedServer.start({ dir: process.argv[2] });
  console.log(JSON.stringify({ url: server.loginUrl, pid: server.pid, owned: server.owned }));
  process.stdin.resume();
  process.stdin.on('end', async () => { await server.close(); process.exit(0); });
`;

/** Another command, from the build, that owns (or borrows) the folder's server until its stdin ends; `wrapper` starts it. */
async function startOwner(
  wrapper: readonly string[] = [],
): Promise<{ process: ChildProcess; url: string; pid: number; owned: boolean }> {
  const module = new URL('../../../dist/clickhouse/embedded/embedded.js', import.meta.url).href;
  const [command = '', ...args] = [...wrapper, process.execPath, '--input-type=module', '-e', OWNER, module, dir];
  const owner = spawn(command, args, {
    stdio: ['pipe', 'pipe', 'inherit'],
  });
  owners.push(owner);
  if (owner.stdout === null) throw new Error('no stdout');
  const [line] = (await once(createInterface(owner.stdout), 'line')) as [string];
  return { process: owner, ...JSON.parse(line) };
}

/** `loginUrl`: with the login in it. */
async function sql(loginUrl: string, statement: string): Promise<string> {
  const { username, password, origin } = new URL(loginUrl);
  // A server that ends waits up to 5 s for connections that are kept alive.
  const headers = { connection: 'close', authorization: `Basic ${btoa(`${username}:${password}`)}` };
  const response = await fetch(origin, { method: 'POST', body: statement, headers });
  const text = (await response.text()).trim();
  if (!response.ok) throw new Error(text);
  return text;
}

function isDead(pid: number | undefined): boolean {
  if (pid === undefined) return true;
  try {
    // A zombie still answers signals: it is dead when nobody but the reaper cares.
    if (process.platform === 'linux') return /^State:\s+[ZX]/m.test(readFileSync(`/proc/${pid}/status`, 'utf8'));
    process.kill(pid, 0);
    return false;
  } catch {
    return true;
  }
}

async function until(condition: () => boolean | Promise<boolean>, timeoutMs = 10_000): Promise<void> {
  const deadline = Date.now() + timeoutMs;
  while (!(await condition())) {
    if (Date.now() > deadline) throw new Error('it did not come to pass');
    await sleep(20);
  }
}

test('it answers on loopback, in a process group of its own, and ends when it is closed', async () => {
  const server = await start();
  expect(server.owned).toBe(true);
  expect(server.url).toBe(`http://127.0.0.1:${server.httpPort}`);
  expect(await sql(server.loginUrl, 'SELECT 1')).toBe('1');
  expect(await sql(server.loginUrl, "SELECT timezone(), getSetting('log_queries')")).toBe('UTC\tfalse');
  if (process.platform === 'linux') {
    const listening = readFileSync('/proc/net/tcp', 'utf8') + readFileSync('/proc/net/tcp6', 'utf8');
    for (const port of [server.httpPort]) {
      const hex = port.toString(16).toUpperCase().padStart(4, '0');
      expect(listening).toContain(`0100007F:${hex} 00000000:0000 0A`);
      expect(listening).not.toContain(`00000000:${hex} 00000000:0000 0A`);
    }
    const group = readFileSync(`/proc/${server.pid}/stat`, 'utf8').split(') ')[1]?.split(' ')[2];
    expect(Number(group)).toBe(server.pid);
    // No secrets of ours in its environment.
    expect(readFileSync(`/proc/${server.pid}/environ`, 'utf8')).not.toContain('PATH=');
  }
  const { pid } = server;
  await server.close();
  expect(isDead(pid)).toBe(true);
});

test('data and URL stay the same from one start to the next', async () => {
  const first = await start();
  await sql(first.loginUrl, 'CREATE DATABASE d');
  await sql(first.loginUrl, 'CREATE TABLE d.t (x UInt8) ENGINE = MergeTree ORDER BY x');
  await sql(first.loginUrl, 'INSERT INTO d.t VALUES (42)');
  const { url } = first;
  await first.close();

  const second = await start();
  expect(second.url).toBe(url);
  expect(await sql(second.loginUrl, 'SELECT x FROM d.t')).toBe('42');
});

test('another program on its port: the next start takes another one', async () => {
  const first = await start();
  const { httpPort } = first;
  await first.close();
  const squatter = createServer((socket) => socket.end('HTTP/1.1 200 OK\r\n\r\nbackfill embedded ClickHouse'));
  await new Promise<void>((resolve) => squatter.listen(httpPort, '127.0.0.1', resolve));
  const second = await start();
  expect(second.httpPort).not.toBe(httpPort);
  expect(await sql(second.loginUrl, 'SELECT 1')).toBe('1');
  squatter.close();
});

test('a port that now belongs to the server of another folder is not taken for ours', async () => {
  const elsewhere = mkdtempSync(join(tmpdir(), 'backfill-embedded-other-'));
  const other = await start({ dir: elsewhere });
  writeFileSync(
    join(dir, 'server.json'),
    JSON.stringify({ ...readServerFile(elsewhere), instance: 'ours-of-yesterday' }),
  );
  const server = await start();
  expect(server.owned).toBe(true);
  expect(server.url).not.toBe(other.url);
  await other.close();
  rmSync(elsewhere, { recursive: true, force: true });
});

test('a second command uses the server that it finds, and leaves it running', async () => {
  const owner = await startOwner();
  const borrower = await start();
  expect(owner.owned).toBe(true);
  expect(borrower.owned).toBe(false);
  expect(borrower.loginUrl).toBe(owner.url);
  await borrower.close();
  expect(await sql(owner.url, 'SELECT 1')).toBe('1');
});

test('when the owner ends in order, the borrower brings the server back at the same URL', async () => {
  const owner = await startOwner();
  const borrower = await start();
  owner.process.stdin?.end();
  await once(owner.process, 'exit');
  expect(isDead(owner.pid)).toBe(true);
  await borrower.ensure();
  expect(borrower.owned).toBe(true);
  expect(borrower.loginUrl).toBe(owner.url);
  expect(await sql(borrower.loginUrl, 'SELECT 1')).toBe('1');
});

test('the server is gone with its owner, also after SIGKILL of the owner', async () => {
  const owner = await startOwner();
  await sql(owner.url, 'CREATE DATABASE d');
  owner.process.kill('SIGKILL');
  await until(() => isDead(owner.pid));
  // The next command continues, however soon it comes.
  const server = await start();
  expect(server.owned).toBe(true);
  expect(server.url).toBe(new URL(owner.url).origin);
  expect(await sql(server.loginUrl, 'SHOW DATABASES')).toContain('d');
});

test('a starter waits for a server that is just ending, and does not borrow it', async () => {
  const owner = await startOwner();
  owner.process.kill('SIGKILL');
  await once(owner.process, 'exit');
  // At once: the server may still answer, the folder be locked, the port be taken.
  const server = await start();
  expect(server.owned).toBe(true);
  expect(await sql(server.loginUrl, 'SELECT 1')).toBe('1');
});

test('ensure brings back a server that was killed, once, however many ask', async () => {
  const server = await start();
  await sql(server.loginUrl, 'CREATE DATABASE d');
  const { pid, loginUrl } = server;
  await server.ensure();
  expect(server.pid).toBe(pid);
  process.kill(pid, 'SIGKILL');
  await until(() => isDead(pid));
  await Promise.all([server.ensure(), server.ensure(), server.ensure()]);
  expect(server.pid).not.toBe(pid);
  expect(server.owned).toBe(true);
  expect(server.loginUrl).toBe(loginUrl);
  expect(await sql(loginUrl, 'SHOW DATABASES')).toContain('d');
});

test('several that start together share one server', async () => {
  const all = await Promise.all([start(), start(), start(), startOwner()]);
  expect(new Set(all.map(({ url }) => new URL(url).origin)).size).toBe(1);
  expect(all.filter((server) => server.owned)).toHaveLength(1);
});

test.runIf(process.platform === 'linux')(
  'a folder locked by a server that does not answer: a clear end after the deadline',
  async () => {
    const owner = await startOwner();
    process.kill(owner.pid, 'SIGSTOP');
    try {
      await until(() => /^State:\s+T/m.test(readFileSync(`/proc/${owner.pid}/status`, 'utf8')));
      const error = await start({ startTimeoutMs: 5000 }).catch((thrown: unknown) => thrown);
      expect(error).toMatchObject({ name: 'ExitError', code: 75 });
      expect((error as Error).message).toContain('holds the folder');
      expect((error as { hint: string }).hint).toContain(`process ${owner.pid}`);
    } finally {
      process.kill(owner.pid, 'SIGCONT');
    }
  },
);

const PID_NAMESPACE = ['unshare', '--pid', '--fork', '--mount-proc', '--kill-child'];
const inPidNamespace = test.skipIf(spawnSync('unshare', [...PID_NAMESPACE.slice(1), 'true']).status !== 0);

inPidNamespace('a server of another pid namespace that answers is used, and left running', async () => {
  const owner = await startOwner(PID_NAMESPACE);
  const borrower = await start();
  expect({ owned: borrower.owned, url: borrower.loginUrl }).toEqual({ owned: false, url: owner.url });
  await borrower.ensure();
  await borrower.close();
  expect(await sql(owner.url, 'SELECT 1')).toBe('1');
});

inPidNamespace(
  'one there that does not answer is waited for, and nobody is told to end a process that may be well',
  async () => {
    const owner = await startOwner(PID_NAMESPACE);
    // As from another container: the folder is shared, its loopback is not.
    const server = readServerFile(dir);
    writeFileSync(join(dir, 'server.json'), JSON.stringify({ ...server, httpPort: 1 }));
    const error = await start({ startTimeoutMs: 5000 }).catch((thrown: unknown) => thrown);
    expect(error).toMatchObject({
      code: 75,
      message: expect.stringMatching(/is in use by a ClickHouse that process 1 on .* started, in another container/),
    });
    expect((error as { hint: string }).hint).toMatch(/^wait until that command has ended/);
    expect(await sql(owner.url, 'SELECT 1')).toBe('1');
    owner.process.kill('SIGKILL');
    await once(owner.process, 'exit');
    expect((await start()).owned).toBe(true);
  },
);

test('a server.json that is half a file is no obstacle', async () => {
  writeFileSync(join(dir, 'server.json'), '{"pid": 12, "httpP');
  expect((await start()).owned).toBe(true);
});

test('a folder that cannot be one is refused with its reason', async () => {
  writeFileSync(join(dir, 'file'), '');
  await expect(start({ dir: join(dir, 'file') })).rejects.toMatchObject({ name: 'ExitError', code: 1 });
  await expect(start({ dir: join(dir, 'file', 'below') })).rejects.toThrow(/cannot be used: .*(ENOTDIR|EEXIST)/);
});

test('an engine that never answers is ended and reported', async () => {
  // It hangs on a configuration that is no XML.
  const error = await EmbeddedServer.start({ dir, serverXml: '<mark_cache_size>', startTimeoutMs: 1000 }).catch(
    (thrown: unknown) => thrown,
  );
  expect(error).toMatchObject({ name: 'ExitError', code: 75, message: expect.stringContaining('does not answer') });
  const [, pid] = /pid (\d+)/.exec((error as Error).message) ?? [];
  expect(isDead(Number(pid))).toBe(true);
});

test('without the engine it says what is missing and what to do', () => {
  const none = {
    platform: 'linux',
    arch: 'x64',
    resolve: () => {
      throw new Error('not found');
    },
  };
  expect(() => findEngine(none)).toThrowError(
    expect.objectContaining({ code: 1, message: expect.stringContaining('@chdb/lib-linux-x64-gnu is missing') }),
  );
  for (const platform of ['win32', 'freebsd']) {
    expect(() => findEngine({ ...none, platform })).toThrowError(
      expect.objectContaining({ code: 1, hint: expect.stringContaining('CLICKHOUSE_URL') }),
    );
  }
});

test('no URL opens the embedded server, whatever login the environment names; an unclosed one does not keep us alive', async () => {
  const settings = { username: 'somebody', password: 'x', database: 'd', requestTimeoutMs: 5000 };
  const opened = await openTargetOrEmbedded(settings, dir);
  if (opened.embedded) servers.push(opened.embedded);
  await opened.target.ping();
  expect(opened.settings).toMatchObject({ url: opened.embedded?.url, ...opened.embedded?.login });
  await opened.target.close();

  const remote = await openTargetOrEmbedded({ ...settings, url: 'http://me:s3cret@localhost:1' }, dir);
  expect(remote.embedded).toBeUndefined();
  expect(remote.settings).toMatchObject({ url: 'http://localhost:1', username: 'me', password: 's3cret' });
  await remote.target.close();

  const module = fileURLToPath(new URL('../../../dist/clickhouse/embedded/embedded.js', import.meta.url));
  const child = spawn(
    process.execPath,
    [
      '--input-type=module',
      '-e',
      `await (await import(${JSON.stringify(module)})).EmbeddedServer.start({ dir: process.argv[1] })`,
      dir,
    ],
    { stdio: ['ignore', 'ignore', 'inherit'] },
  );
  owners.push(child);
  expect(await once(child, 'exit')).toEqual([0, null]);
});
