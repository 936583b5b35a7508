import { createServer as createTcpServer, type Server, type Socket } from 'node:net';
import { gzipSync } from 'node:zlib';
import { afterEach, describe, expect, test } from 'vitest';
import type { Failure } from '../../../src/core/failure.js';
import { FailureError } from '../../../src/core/failure.js';
import type { SourceClient } from '../../../src/sources/subgraph/client.js';
import { readMeta } from '../../../src/sources/subgraph/meta.js';
import { json, opener } from './wire.js';

const open = opener();
const sockets = new Set<Socket>();
const servers: Server[] = [];
afterEach(async () => {
  await open.close();
  for (const socket of sockets) socket.destroy();
  for (const server of servers.splice(0)) server.close();
});

const DOCUMENT = { text: 'query ($n: Int!) { things(first: $n) { id } }', keys: ['things'] };
const ask = (client: SourceClient, signal?: AbortSignal) => client.request(DOCUMENT, { n: 3 }, signal);

async function failureOf(promise: Promise<unknown>): Promise<Failure> {
  const error = await promise.then(
    () => null,
    (reason: unknown) => reason,
  );
  expect(error).toBeInstanceOf(FailureError);
  return (error as FailureError).failure;
}

/** A server below HTTP: what the wire carries is written by hand. */
async function tcp(onRequest: (socket: Socket) => void): Promise<string> {
  const server = createTcpServer((socket) => {
    sockets.add(socket);
    socket.on('error', () => {});
    socket.once('data', () => onRequest(socket));
  });
  servers.push(server);
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return `http://127.0.0.1:${(server.address() as { port: number }).port}/`;
}

describe('a request', () => {
  test('carries the document and variables, nothing else, and gives the data', async () => {
    const wire = await open.wire((_, response) => json(response, { data: { things: [{ id: '1' }] } }));
    const client = open.client({ url: wire.url, token: 'secret-token' });
    expect(await ask(client)).toEqual({ things: [{ id: '1' }] });
    expect(wire.asked).toEqual([{ query: DOCUMENT.text, variables: { n: 3 } }]);
    expect(wire.headers[0]).toMatchObject({ authorization: 'Bearer secret-token', 'accept-encoding': 'identity' });
  });

  test('takes gzip when asked to, and text that is not ASCII', async () => {
    const body = JSON.stringify({ data: { things: ['ä€'] } });
    const wire = await open.wire((_, response) => {
      response.writeHead(200, { 'content-encoding': 'gzip', 'content-type': 'text/plain' });
      response.end(gzipSync(body));
    });
    expect(await ask(open.client({ url: wire.url, gzip: true }))).toEqual({ things: ['ä€'] });
    expect(wire.headers[0]?.['accept-encoding']).toBe('gzip');
  });

  test('waits for the rate limit, reports each answer once, and keeps its connection', async () => {
    let calls = 0;
    const wire = await open.wire((_, response) => {
      if (++calls === 2) json(response, { error: 'no' }, 400);
      else json(response, { data: { things: [] } });
    });
    const seen: (string | null)[] = [];
    let acquired = 0;
    const client = open.client({
      url: wire.url,
      acquire: async () => void acquired++,
      onResponse: (failure, elapsedMs) => {
        expect(elapsedMs).toBeGreaterThan(0);
        seen.push(failure?.code ?? null);
      },
    });
    let connections = 0;
    wire.server.on('connection', () => connections++);
    await ask(client);
    await failureOf(ask(client));
    await ask(client);
    expect(acquired).toBe(3);
    expect(seen).toEqual([null, 'query_refused', null]);
    for (let i = 0; i < 10; i++) await ask(client);
    // The next request may start before the last one's connection is idle.
    expect(connections).toBeLessThanOrEqual(2);
  });

  test('opens no more connections than allowed', async () => {
    let now = 0;
    let most = 0;
    const wire = await open.wire((_, response) => {
      most = Math.max(most, ++now);
      setTimeout(() => {
        now--;
        json(response, { data: { things: [] } });
      }, 5);
    });
    const client = open.client({ url: wire.url, connections: 3 });
    await Promise.all(Array.from({ length: 20 }, () => ask(client)));
    expect(most).toBe(3);
  });
});

describe('an answer that is none', () => {
  test.each([
    ['no data', '{}', 'bad_response'],
    ['data null', '{"data":null}', 'bad_response'],
    ['data a list', '{"data":[]}', 'bad_response'],
    ['the asked-for key missing', '{"data":{"other":[]}}', 'bad_response'],
    ['the asked-for key null', '{"data":{"things":null}}', 'bad_response'],
    ['a list of results', '[{"data":{"things":[]}}]', 'bad_response'],
    ['truncated JSON', '{"data":{"things":[{"id"', 'bad_response'],
    ['HTML', '<html>hello</html>', 'bad_response'],
    ['an empty body', '', 'bad_response'],
    ['a number', '7', 'bad_response'],
    ['partial data beside errors', '{"data":{"things":[]},"errors":[{"message":"Query timed out"}]}', 'query_timeout'],
    ['errors alone', '{"errors":[{"message":"Store error: database unavailable"}]}', 'store_unavailable'],
    ['errors as one object', '{"errors":{"message":"Query timed out"}}', 'query_timeout'],
    ['a refused query', '{"errors":[{"message":"Type `Query` has no field `x`"}]}', 'query_refused'],
  ])('%s', async (_name, body, code) => {
    const wire = await open.wire((_request, response) => {
      response.writeHead(200, { 'content-type': 'application/json' });
      response.end(body);
    });
    expect((await failureOf(ask(open.client({ url: wire.url })))).code).toBe(code);
  });

  test('an empty list of errors is none', async () => {
    const wire = await open.wire((_, response) => json(response, { data: { things: [] }, errors: [] }));
    expect(await ask(open.client({ url: wire.url }))).toEqual({ things: [] });
  });

  test('gzip cut off, gzip that is none, another encoding, a gzip bomb', async () => {
    const zipped = gzipSync(
      JSON.stringify({ data: { things: Array.from({ length: 500 }, (_, i) => `t${i * 7919}`) } }),
    );
    const bomb = gzipSync(Buffer.alloc(4_000_000));
    for (const [encoding, body, why] of [
      ['gzip', zipped.subarray(0, zipped.length - 40), /does not unzip/],
      ['gzip', Buffer.from('{"data":{"things":[]}}'), /does not unzip/],
      ['br', Buffer.from('xx'), /encoded as br/],
      ['gzip', bomb, /does not unzip/],
    ] as const) {
      const wire = await open.wire((_, response) => {
        response.writeHead(200, { 'content-encoding': encoding });
        response.end(body);
      });
      const failure = await failureOf(ask(open.client({ url: wire.url, gzip: true, maxBodyBytes: 1_000_000 })));
      expect(failure).toMatchObject({ kind: 'transient', side: 'source', code: 'bad_response' });
      expect(failure.message).toMatch(why);
    }
  });

  test('a body larger than allowed is refused', async () => {
    const wire = await open.wire((_, response) => json(response, { data: { things: ['x'.repeat(300_000)] } }));
    expect((await failureOf(ask(open.client({ url: wire.url, maxBodyBytes: 100_000 })))).code).toBe('bad_response');
  });
});

describe('a status', () => {
  test('429 with plain text and Retry-After is throttling, though graphql-request would see no JSON', async () => {
    const wire = await open.wire((_, response) => {
      response.writeHead(429, { 'retry-after': '10', 'content-type': 'text/plain' });
      response.end("Sorry, you've surpassed your query allowance.");
    });
    const failure = await failureOf(ask(open.client({ url: wire.url })));
    expect(failure).toMatchObject({ kind: 'throttled', side: 'source', code: 'throttled', retryAfterMs: 10_000 });
    expect(failure.message).toContain('query allowance');
  });

  test('429 and 502 with an empty body, and with one that does not unzip', async () => {
    for (const [status, code] of [
      [429, 'throttled'],
      [502, 'http_5xx'],
    ] as const) {
      for (const headers of [{}, { 'content-encoding': 'gzip' }]) {
        const wire = await open.wire((_, response) => {
          response.writeHead(status, headers);
          response.end();
        });
        expect((await failureOf(ask(open.client({ url: wire.url })))).code).toBe(code);
      }
    }
  });
});

describe('a socket', () => {
  test('refused', async () => {
    const wire = await open.wire(() => {});
    await wire.close();
    expect(await failureOf(ask(open.client({ url: wire.url })))).toMatchObject({
      kind: 'transient',
      code: 'connection',
    });
  });

  test.each([
    ['reset before the answer', (socket: Socket) => socket.resetAndDestroy(), 'connection'],
    ['closed before the answer', (socket: Socket) => socket.end(), 'connection'],
    [
      'reset within the body',
      (socket: Socket) =>
        socket.write('HTTP/1.1 200 OK\r\ncontent-length: 1000\r\n\r\n{"data"', () =>
          setTimeout(() => socket.resetAndDestroy(), 20),
        ),
      'connection',
    ],
    [
      'closed within a chunked body',
      (socket: Socket) => socket.end('HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n7\r\n{"data"\r\n'),
      'connection',
    ],
    ['speaking no HTTP', (socket: Socket) => socket.end('SSH-2.0-OpenSSH\r\n'), 'bad_response'],
  ])('%s', async (_name, act, code) => {
    const url = await tcp(act);
    expect(await failureOf(ask(open.client({ url })))).toMatchObject({ kind: 'transient', code });
  });

  test('that never answers ends at the deadline', async () => {
    const url = await tcp(() => {});
    const failure = await failureOf(ask(open.client({ url, deadlineMs: 150 })));
    expect(failure).toMatchObject({ kind: 'transient', side: 'source', code: 'deadline' });
    expect(failure.message).toContain('150 ms');
  });

  test('that dribbles its body byte by byte ends at the deadline', async () => {
    const timers: NodeJS.Timeout[] = [];
    const url = await tcp((socket) => {
      socket.write('HTTP/1.1 200 OK\r\ncontent-length: 1000\r\n\r\n');
      timers.push(setInterval(() => socket.write(' '), 20));
    });
    const failure = await failureOf(ask(open.client({ url, deadlineMs: 200 })));
    for (const timer of timers) clearInterval(timer);
    expect(failure.code).toBe('deadline');
  });

  test('is given up when the run stops, also before the request was sent', async () => {
    const url = await tcp(() => {});
    const client = open.client({
      url,
      acquire: (signal) => new Promise((_, reject) => signal?.addEventListener('abort', () => reject(signal.reason))),
    });
    const aborter = new AbortController();
    const waiting = failureOf(ask(client, aborter.signal));
    const sent = failureOf(ask(open.client({ url }), aborter.signal));
    setTimeout(() => aborter.abort(), 50);
    expect((await waiting).code).toBe('stopped');
    expect((await sent).code).toBe('stopped');
  });
});

test('no credential is in any message', async () => {
  const wire = await open.wire((_, response) =>
    json(response, { error: 'bad key tok-hidden-1 for joe:pw-hidden-2' }, 400),
  );
  const url = wire.url.replace('http://', 'http://joe:pw-hidden-2@');
  const client = open.client({ url: `${url}?apikey=key-hidden-3`, token: 'tok-hidden-1' });
  expect(client.url).not.toMatch(/hidden|joe/);
  const refused = await failureOf(ask(client));
  await wire.close();
  const down = await failureOf(ask(client));
  expect(down.code).toBe('connection');
  for (const { message } of [refused, down]) expect(message).not.toContain('hidden');
  expect(refused.message).toContain('[secret]');
});

test('_meta is read, and refused when it is malformed', async () => {
  let meta: unknown = {
    block: { number: 9, hash: null, timestamp: 1_700_000_000 },
    deployment: 'Qm',
    hasIndexingErrors: false,
  };
  const wire = await open.wire((_, response) => json(response, { data: { _meta: meta } }));
  const client = open.client({ url: wire.url });
  expect(await readMeta(client)).toEqual({
    block: 9,
    hash: null,
    timestamp: 1_700_000_000,
    deployment: 'Qm',
    hasIndexingErrors: false,
  });
  meta = { block: { number: '9' }, deployment: 'Qm', hasIndexingErrors: false };
  expect((await failureOf(readMeta(client))).code).toBe('bad_response');
});
