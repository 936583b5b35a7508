import { createServer, request } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterAll, beforeAll, expect, onTestFinished, test } from 'vitest';
import { openTarget } from '../../src/clickhouse/client.js';
import { preflight } from '../../src/clickhouse/preflight.js';
import type { Target } from '../../src/clickhouse/target.js';
import { takeLease } from '../../src/publish/lease.js';
import { silentLog } from '../datasets/pnl/universe/universe.js';
import { startTestClickHouse, type TestClickHouse } from '../support/clickhouse.js';

let server: TestClickHouse;
beforeAll(async () => {
  server = await startTestClickHouse();
});
afterAll(() => server?.stop());

/** The server, seen through a proxy that may answer a statement in its place. */
async function through(database: string, answer: (statement: string) => string | undefined): Promise<Target> {
  const { hostname, port } = new URL(server.url);
  const proxy = createServer((incoming, outgoing) => {
    const parts: Buffer[] = [];
    incoming.on('data', (part: Buffer) => parts.push(part));
    incoming.on('end', () => {
      const body = Buffer.concat(parts);
      const own = answer(body.toString('latin1'));
      if (own !== undefined) {
        outgoing.end(own);
        return;
      }
      const { method, url: path, headers } = incoming;
      const upstream = request({ hostname, port, method, path, headers }, (response) => {
        outgoing.writeHead(response.statusCode ?? 500, response.headers);
        response.pipe(outgoing);
      });
      upstream.end(body);
    });
  });
  await new Promise<void>((resolve) => proxy.listen(0, '127.0.0.1', resolve));
  const target = await openTarget({
    ...server.settings,
    database,
    url: server.settings.url.replace(/:\d+/, `:${(proxy.address() as AddressInfo).port}`),
  });
  onTestFinished(async () => {
    await target.close();
    proxy.closeAllConnections();
    proxy.close();
  });
  return target;
}

test('a Replicated database is refused (1) with its name and the reason', async () => {
  const { database } = await server.database();
  const target = await through(database, (statement) =>
    statement.includes('SELECT engine FROM system.databases') ? '{"engine":"Replicated"}\n' : undefined,
  );
  await expect(preflight(target)).rejects.toMatchObject({
    code: 1,
    message: expect.stringMatching(new RegExp(`${database}.*Replicated.*rows of a MergeTree would stay on the one`)),
  });
});

test('where EXCHANGE leaves two throwaway tables where they were, nothing else is exchanged (1)', async () => {
  const plain = await server.database();
  const target = await through(plain.database, (statement) => (/\bEXCHANGE TABLES\b/.test(statement) ? '' : undefined));
  await expect(takeLease(target, { what: 'promote', log: silentLog })).rejects.toMatchObject({
    code: 1,
    message: expect.stringContaining('cannot be exchanged: two throwaway tables did not change places'),
  });
  const left = await plain.query("SELECT name FROM system.tables WHERE database = {d:String} AND name LIKE '%probe%'", {
    params: { d: plain.database },
  });
  expect(left).toEqual([]);
  // Its lease was given back: another way to the same server works at once.
  await (await takeLease(plain, { what: 'promote', log: silentLog })).release();
});
