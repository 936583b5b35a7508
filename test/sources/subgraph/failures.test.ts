import { describe, expect, test } from 'vitest';
import { MAX_MESSAGE_CHARS } from '../../../src/core/failure.js';
import { hider } from '../../../src/core/hide.js';
import { classifyTransport, MAX_RETRY_AFTER_MS, parseRetryAfter } from '../../../src/net/http.js';
import { endpointOf, fingerprintUrl, redactUrl } from '../../../src/net/redact.js';
import { classifyErrors, classifyMessage, classifyStatus } from '../../../src/sources/subgraph/failures.js';

const NOW = Date.UTC(2026, 0, 1, 12, 0, 0);

test.each([
  [
    'Failed to get entities from store: canceling statement due to statement timeout, query = select …',
    'transient',
    'statement_timeout',
  ],
  ['Query timed out', 'transient', 'query_timeout'],
  ['request timeout', 'transient', 'query_timeout'],
  [
    'service is overloaded and can not run the query right now. Please try again in a few minutes',
    'transient',
    'overloaded',
  ],
  ['Store error: database unavailable', 'transient', 'store_unavailable'],
  ['canceling statement due to conflict with recovery', 'transient', 'store_unavailable'],
  ['the chain was reorganized while executing the query', 'transient', 'reorganized'],
  ['indexing_error', 'terminal', 'indexing_error'],
  [
    'Failed to decode `block.number` value: `subgraph QmX has only indexed up to block number 10 and data for block number 12 is therefore not yet available`',
    'transient',
    'behind',
  ],
  [
    'Failed to decode `block.number` value: `subgraph QmX only has data starting at block number 900 and data for block number 12 is therefore not yet available`',
    'terminal',
    'pin_refused',
  ],
  ['data for block number 12 is no longer available', 'terminal', 'pin_refused'],
  ['data for block 12 is not available', 'terminal', 'pin_refused'],
  ['block 12 has been pruned', 'terminal', 'pin_refused'],
  ["Sorry, you've surpassed your query allowance.", 'throttled', 'throttled'],
  ['Type `Query` has no field `orderFilledEvent2`', 'terminal', 'query_refused'],
  ['The value of the `first` argument must be between 1 and 1000, but is 5000', 'terminal', 'query_refused'],
  ['something nobody has seen', 'terminal', 'query_refused'],
])('the GraphQL error %j is %s: %s', (message, kind, code) => {
  expect(classifyMessage(message)).toMatchObject({ kind, code });
});

test('a statement timeout that quotes its query is cut', () => {
  const long = `canceling statement due to statement timeout, query = ${'select * from x '.repeat(5000)}`;
  expect(classifyMessage(long).message.length).toBeLessThan(MAX_MESSAGE_CHARS + 40);
});

test('of several errors a refused pin decides, then what may pass', () => {
  const errors = (...messages: string[]) => classifyErrors(messages.map((message) => ({ message }))).code;
  expect(errors('unknown field', 'Query timed out')).toBe('query_timeout');
  expect(errors('Query timed out', 'QmX only has data starting at block number 9')).toBe('pin_refused');
  expect(errors('unknown field')).toBe('query_refused');
  expect(classifyErrors([{}]).code).toBe('query_refused');
  expect(classifyErrors('Query timed out').code).toBe('query_timeout');
  expect(classifyErrors({ message: 'Query timed out' }).code).toBe('query_timeout');
});

test.each([
  [429, 'throttled', 'throttled'],
  [500, 'transient', 'http_5xx'],
  [502, 'transient', 'http_5xx'],
  [503, 'transient', 'http_5xx'],
  [504, 'transient', 'http_5xx'],
  [522, 'transient', 'http_5xx'],
  [408, 'transient', 'query_timeout'],
  [400, 'terminal', 'query_refused'],
  [401, 'terminal', 'query_refused'],
  [403, 'terminal', 'query_refused'],
  [404, 'terminal', 'query_refused'],
  [413, 'terminal', 'query_refused'],
  [301, 'terminal', 'query_refused'],
])('HTTP %d is %s: %s', (status, kind, code) => {
  expect(classifyStatus(status, '', null, NOW)).toMatchObject({ kind, code });
  expect(classifyStatus(200, '', null, NOW)).toBeNull();
});

test("an error page's text is shown without its tags, cut", () => {
  const page = `<html><head><style>a{b:c}</style></head><body><h1>502 Bad Gateway</h1>${'x'.repeat(9000)}</body></html>`;
  const message = classifyStatus(502, page, null, NOW)?.message ?? '';
  expect(message).toContain('502 Bad Gateway');
  expect(message).not.toContain('<h1>');
  expect(message.length).toBeLessThan(MAX_MESSAGE_CHARS);
});

describe('Retry-After', () => {
  test.each([
    ['10', 10_000],
    ['0', 0],
    ['1.5', 1500],
    ['86400', MAX_RETRY_AFTER_MS],
    ['99999999999999999999', MAX_RETRY_AFTER_MS],
    ['Thu, 01 Jan 2026 12:00:30 GMT', 30_000],
    ['Thu, 01 Jan 2026 11:00:00 GMT', 0],
    ['Fri, 02 Jan 2026 12:00:00 GMT', MAX_RETRY_AFTER_MS],
    ['-5', null],
    ['soon', null],
    ['', null],
    [null, null],
  ])('%j is %j ms', (header, wanted) => {
    expect(parseRetryAfter(header, NOW)).toBe(wanted);
  });

  test('comes with throttling and with overload', () => {
    expect(classifyStatus(429, '', '10', NOW)?.retryAfterMs).toBe(10_000);
    expect(classifyStatus(503, '', '3', NOW)?.retryAfterMs).toBe(3000);
    expect(classifyStatus(429, '', null, NOW)).not.toHaveProperty('retryAfterMs');
  });
});

test.each([
  ['ECONNREFUSED', 'transient', 'connection'],
  ['ECONNRESET', 'transient', 'connection'],
  ['ENOTFOUND', 'transient', 'connection'],
  ['UND_ERR_SOCKET', 'transient', 'connection'],
  ['UND_ERR_CONNECT_TIMEOUT', 'transient', 'connection'],
  ['CERT_HAS_EXPIRED', 'transient', 'connection'],
  ['EWHATEVER', 'transient', 'connection'],
  ['HPE_INVALID_CONSTANT', 'transient', 'bad_response'],
  ['UND_ERR_RES_EXCEEDED_MAX_SIZE', 'transient', 'bad_response'],
])('the transport error %s is %s: %s', (code, kind, wanted) => {
  const inner = Object.assign(new Error('inner'), { code });
  for (const error of [inner, new TypeError('fetch failed', { cause: inner }), new AggregateError([inner], '')]) {
    expect(classifyTransport(error, 'http://x/')).toMatchObject({ kind, code: wanted });
  }
});

test('an error without a code is a bug', () => {
  expect(classifyTransport(new TypeError('x is undefined'), 'http://x/')).toMatchObject({
    kind: 'terminal',
    code: 'bug',
  });
});

describe('credentials', () => {
  test('are taken off a URL', () => {
    expect(redactUrl('https://joe:s%20cret@host:8/p/gn?key=abc&v=1#f')).toBe('https://host:8/p/gn?key=…&v=…');
    expect(redactUrl('https://host/p')).toBe('https://host/p');
    expect(redactUrl('no url with joe:secret@')).toBe('(not a URL)');
    expect(redactUrl('joe:secret@host')).toBe('(not a URL)');
  });

  test('go as headers and are blanked in texts', () => {
    const endpoint = endpointOf('https://joe:s%20cret@host/p?key=abcd', undefined);
    expect(endpoint.url).toBe('https://host/p?key=abcd');
    expect(endpoint.authorization).toBe(`Basic ${Buffer.from('joe:s cret').toString('base64')}`);
    const text = `s cret, s%20cret, abcd, ${endpoint.authorization}`;
    expect(hider(endpoint.secrets)(text)).toBe('[secret], [secret], [secret], Basic [secret]');
    expect(endpointOf('https://joe:pw@host/p', 'token-1').authorization).toBe('Bearer token-1');
    expect(endpointOf('https://host/p', undefined)).toMatchObject({ authorization: null, secrets: [] });
    expect(() => endpointOf('joe:secret@', undefined)).toThrow(TypeError);
  });

  test.each([
    [
      'https://gateway.thegraph.com/api/0123456789abcdef0123456789abcdef/subgraphs/id/81Dm16JjuFSrqz813HysXoUPvzTwE7fsfPk2RTf66nyC',
      'https://gateway.thegraph.com/api/…/subgraphs/id/81Dm16JjuFSrqz813HysXoUPvzTwE7fsfPk2RTf66nyC',
    ],
    [
      'https://polygon-mainnet.g.alchemy.com/v2/abcDEFghiJKLmnoPQRstuVWXyz012345',
      'https://polygon-mainnet.g.alchemy.com/v2/…',
    ],
    [
      'https://a-b-c.matic.quiknode.pro/0123456789abcdef0123456789abcdef01234567/',
      'https://a-b-c.matic.quiknode.pro/…/',
    ],
    ['https://rpc.example/1b9d6bcd-bbfd-4b2d-9b5d-ab8dfbbd4bed', 'https://rpc.example/…'],
  ])('a key in the path of %s is hidden, and hashed in the fingerprint', (url, shown) => {
    expect(redactUrl(url)).toBe(shown);
    expect(fingerprintUrl(url)).toMatch(/ \(key [0-9a-f]{12}\)$/);
    const other = url.replace(/(?<=[/-])[0-9ab]/, 'f');
    expect(fingerprintUrl(other)).not.toBe(fingerprintUrl(url));
    for (const secret of endpointOf(url, undefined).secrets) expect(fingerprintUrl(url)).not.toContain(secret);
    expect(endpointOf(url, undefined).url).toBe(url);
  });

  test.each([
    'https://api.goldsky.com/api/public/project_cl6mb8i9h0003e201j6li0diw/subgraphs/orderbook-subgraph/0.0.1/gn',
    'https://portal.sqd.dev/datasets/polygon-mainnet',
    'http://127.0.0.1:8000/subgraphs/name/polymarket-orderbook-subgraph/v2',
  ])('words and public names in a path stay: %s', (url) => {
    expect(redactUrl(url)).toBe(url);
    expect(fingerprintUrl(url)).toBe(url);
  });
});
