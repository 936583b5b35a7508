import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { gzipSync } from 'node:zlib';
import { afterEach, expect, it } from 'vitest';
import { FailureError } from '../../../src/core/failure.js';
import type { HostRate } from '../../../src/net/host-rate.js';
import { AnswerCache } from '../../../src/sources/rest/cache.js';
import { RestClient, type RestClientOptions } from '../../../src/sources/rest/client.js';

const closers: (() => unknown)[] = [];
afterEach(async () => {
  for (const close of closers.splice(0).reverse()) await close();
});

const SECRET = 'sk-very+secret/key';

async function serve(handler: (req: IncomingMessage, res: ServerResponse) => void): Promise<string> {
  const server = createServer(handler);
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  closers.push(() => {
    server.closeAllConnections();
    server.close();
  });
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
}

function clientOf(baseUrl: string, options: Partial<RestClientOptions> = {}): RestClient {
  const client = new RestClient({ baseUrl, deadlineMs: 2000, connections: 4, ...options });
  closers.push(() => client.close());
  return client;
}

function rate() {
  const calls: string[] = [];
  const log: HostRate = {
    acquire: async () => void calls.push('acquire'),
    answered: () => void calls.push('answered'),
    refused: (ms) => void calls.push(`refused ${ms}`),
  };
  return { log, calls };
}

const failureOf = async (asked: Promise<unknown>) => {
  const error = await asked.then(
    () => expect.fail('it was answered'),
    (thrown: unknown) => thrown,
  );
  expect(error).toBeInstanceOf(FailureError);
  return (error as FailureError).failure;
};

it('asks below the base path with its query, body and secret, and takes every rate', async () => {
  const seen: unknown[] = [];
  const base = await serve((req, res) => {
    let body = '';
    req.on('data', (part) => {
      body += part;
    });
    req.on('end', () => {
      seen.push([req.method, req.url, req.headers.apikey, body]);
      res.end('{"ok":5.0}');
    });
  });
  const [host, endpoint] = [rate(), rate()];
  const client = clientOf(`${base}/openapi/`, { secretHeaders: { apikey: SECRET } });
  const request = { method: 'POST', path: '/books', query: [['a', 'x y']], body: [{ token_id: '1' }] } as const;
  const answer = await client.request(request, [host.log, endpoint.log]);
  expect(answer.text).toBe('{"ok":5.0}');
  expect(seen).toEqual([['POST', '/openapi/books?a=x+y', SECRET, '[{"token_id":"1"}]']]);
  expect([host.calls, endpoint.calls]).toEqual([
    ['acquire', 'answered'],
    ['acquire', 'answered'],
  ]);
});

it('a secret in the query is sent, and is in no name and no message', async () => {
  let url = '';
  const base = await serve((req, res) => {
    url = req.url ?? '';
    res.statusCode = 401;
    res.end(`{"error":"bad key ${SECRET} ${encodeURIComponent(SECRET)}"}`);
  });
  const client = clientOf(`${base}/v4`, { secretQuery: ['apiKey', SECRET] });
  const request = { path: '/sports', query: [['all', 'true']] } as const;
  const failure = await failureOf(client.request(request, []));
  expect(new URL(url, base).searchParams.get('apiKey')).toBe(SECRET);
  expect(failure).toMatchObject({ kind: 'terminal', code: 'query_refused' });
  expect(failure.message).toContain('"bad key [secret] [secret]"');
  expect(client.nameOf(request)).toBe(`GET ${base}/v4/sports?all=true`);
});

it.each([
  [429, {}, { kind: 'throttled', code: 'throttled' }, 'refused undefined'],
  [429, { 'retry-after': '3' }, { kind: 'throttled', code: 'throttled', retryAfterMs: 3000 }, 'refused 3000'],
  [502, {}, { kind: 'transient', code: 'http_5xx' }, 'answered'],
  [422, {}, { kind: 'terminal', code: 'query_refused' }, 'answered'],
  [404, {}, { kind: 'terminal', code: 'query_refused' }, 'answered'],
  [302, { location: '/elsewhere' }, { kind: 'terminal', code: 'query_refused' }, 'answered'],
])('status %i %j is a failure as data', async (status, headers, expected, told) => {
  const base = await serve((_req, res) => res.writeHead(status, headers).end('{"error":"said"}'));
  const { log, calls } = rate();
  expect(await failureOf(clientOf(base).request({ path: '/x' }, [log]))).toMatchObject(expected);
  expect(calls).toEqual(['acquire', told]);
});

it('a cut body, a web page, bytes that are no text and a silent source are failures that may pass', async () => {
  const base = await serve((req, res) => {
    if (req.url === '/cut') {
      res.writeHead(200, { 'content-length': '100' }).write('{"a":');
      setTimeout(() => res.destroy(), 5);
    } else if (req.url === '/page') res.setHeader('content-type', 'text/html; charset=utf-8').end('<html>');
    else if (req.url === '/bytes') res.end(Buffer.from([0x22, 0xff, 0xfe, 0x22]));
    else if (req.url === '/zip')
      res.setHeader('content-encoding', 'gzip').end(gzipSync('{"long":"text"}').subarray(0, 20));
  });
  const client = clientOf(base, { deadlineMs: 300 });
  const codes = await Promise.all(
    ['/cut', '/page', '/bytes', '/zip', '/silent'].map(
      async (path) => (await failureOf(client.request({ path }, []))).code,
    ),
  );
  expect(codes).toEqual(['connection', 'bad_response', 'bad_response', 'bad_response', 'deadline']);
});

it('gzip is read where it is sent', async () => {
  const base = await serve((_req, res) => res.setHeader('content-encoding', 'gzip').end(gzipSync('{"a":"ü"}')));
  expect((await clientOf(base).request({ path: '/x' }, [])).text).toBe('{"a":"ü"}');
});

it('a run that stops gives up the request', async () => {
  const base = await serve(() => undefined);
  const stop = new AbortController();
  const asked = failureOf(clientOf(base).request({ path: '/x' }, [], stop.signal));
  setTimeout(() => stop.abort(), 20);
  expect((await asked).code).toBe('stopped');
});

it('the cache gives an answer for its time to live and stays within its bytes', () => {
  let nowMs = 0;
  const cache = new AnswerCache(30_000, 100, () => nowMs);
  const answer = (text: string) => ({ text, status: 200, header: () => null, receivedAtMs: nowMs });
  expect(cache.get('GET /a')).toBeNull();
  cache.keep('GET /a', answer('first'));
  nowMs = 29_999;
  expect(cache.get('GET /a')?.text).toBe('first');
  nowMs = 30_000;
  expect(cache.get('GET /a')).toBeNull();
  for (let i = 0; i < 50; i++) cache.keep(`GET /${i}`, answer(`answer ${i}`));
  expect(cache.bytes).toBeLessThanOrEqual(100);
  expect(cache.get('GET /49')?.text).toBe('answer 49');
  expect(cache.get('GET /1')).toBeNull();
  expect([cache.hits, cache.misses]).toEqual([2, 3]);
});
