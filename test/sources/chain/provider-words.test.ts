import { expect, test } from 'vitest';
import { type Meaning, meaningOf, type Refusal } from '../../../src/sources/chain/provider-words.js';

/** What was asked in every case: 100,000 blocks. */
const ASKED = { from: 90_000_000, to: 90_099_999 };
const FITS = { from: 90_000_000, to: 90_000_085 };
const HEX = `[0x${FITS.from.toString(16)}, 0x${FITS.to.toString(16)}]`;

const SUGGESTED: Meaning = { kind: 'suggested_range', ...FITS };
const TOO_MUCH: Meaning = { kind: 'too_much' };
const TRANSIENT: Meaning = { kind: 'transient' };
const TERMINAL: Meaning = { kind: 'terminal' };
const cap = (blocks: number): Meaning => ({ kind: 'range_cap', blocks });
const throttled = (retryAfterMs: number | null = null): Meaning => ({ kind: 'throttled', retryAfterMs });

const CASES: readonly [provider: string, refusal: Partial<Refusal>, meaning: Meaning][] = [
  [
    'Alchemy',
    {
      code: -32602,
      message: `Log response size exceeded. You can make eth_getLogs requests with up to a 2K block range and no limit on the response size, or you can request any block range with a cap of 10K logs in the response. Based on your parameters and the response size limit, this block range should work: ${HEX}`,
    },
    SUGGESTED,
  ],
  [
    'Alchemy, whose suggestion lies elsewhere',
    { code: -32602, message: 'requests with up to a 2K block range; this block range should work: [0x0, 0x7cf]' },
    cap(2_000),
  ],
  [
    'Alchemy, free',
    {
      code: -32600,
      status: 400,
      message: `Under the Free tier plan, you can make eth_getLogs requests with up to a 10 block range. Based on your parameters, this block range should work: [0x${ASKED.from.toString(16)}, 0x${(ASKED.from + 9).toString(16)}]. Upgrade to PAYG for expanded block range.`,
    },
    { kind: 'suggested_range', from: ASKED.from, to: ASKED.from + 9 },
  ],
  [
    'Infura',
    { code: -32005, message: `query returned more than 10000 results. Try with this block range ${HEX}.` },
    SUGGESTED,
  ],
  [
    'Infura, by its data alone',
    {
      code: -32005,
      message: 'query returned more than 10000 results',
      data: { from: '0x55d4a80', to: '0x55d4ad5', limit: 10_000 },
    },
    SUGGESTED,
  ],
  ['Infura, without a range', { code: -32005, message: 'query returned more than 10000 results' }, TOO_MUCH],
  ['Infura, throttling', { code: -32005, message: 'daily request count exceeded, request rate limited' }, throttled()],
  ['QuickNode', { code: -32614, message: 'eth_getLogs is limited to a 10,000 range' }, cap(10_000)],
  ['QuickNode, free', { code: -32614, status: 413, message: 'eth_getLogs is limited to a 5 range' }, cap(5)],
  ['QuickNode, by status', { status: 413, message: 'Request Entity Too Large' }, TOO_MUCH],
  ['QuickNode, throttling', { code: 429, status: 429, message: 'request limit reached' }, throttled()],
  ['QuickNode, throttling with HTTP 200', { code: 429, message: 'slow down' }, throttled()],
  ['dRPC', { code: 35, message: 'ranges over 10000 blocks are not supported on free plan' }, cap(10_000)],
  [
    'dRPC, older',
    { code: 35, status: 400, message: 'ranges over 10000 blocks are not supported on freetier' },
    cap(10_000),
  ],
  ['PublicNode', { code: -32701, message: 'exceed maximum block range: 50000' }, cap(50_000)],
  ['PublicNode, to an unnamed client', { status: 403, message: '<html>403 Forbidden</html>' }, TERMINAL],
  [
    'PublicNode, pruned',
    { code: -32701, status: 403, message: 'Please specify an address in your request or order a dedicated full node' },
    TERMINAL,
  ],
  [
    'Tenderly',
    { code: -32602, message: `query exceeds max results 20000, retry with the range ${FITS.from}-${FITS.to}` },
    SUGGESTED,
  ],
  [
    'Chainstack',
    { code: -32602, message: 'Block range limit exceeded. See more details at the documentation' },
    TOO_MUCH,
  ],
  ['Ankr', { code: -32600, message: 'block range is too wide' }, TOO_MUCH],
  ['Ankr, without a key', { code: -32000, message: 'Unauthorized: You must authenticate your request' }, TERMINAL],
  ['1RPC', { code: -32000, message: 'eth_getLogs is limited to a 1000 blocks range' }, cap(1_000)],
  [
    'polygon-rpc.com',
    { code: -32051, status: 403, message: 'API key disabled, reason: tenant disabled, json-rpc code: -32051' },
    TERMINAL,
  ],
  ['polygon-rpc.com, 401', { status: 401, message: '' }, TERMINAL],
  ['another', { code: -32000, message: 'Max range: 2000' }, cap(2_000)],
  ['another', { code: -32000, message: 'Maximum allowed number of requested blocks is 500' }, cap(500)],
  ['another', { code: -32000, message: 'eth_getLogs and eth_newFilter are limited to 1000 block range' }, cap(1_000)],
  [
    'another',
    { code: -32000, message: 'block range exceeds the range allowed for your plan (100000 > 2000)' },
    cap(2_000),
  ],
  ['another', { code: -32600, message: 'you can make requests with up to a 800 block range' }, cap(800)],
  ['another', { code: -32020, message: 'backend response too large' }, TOO_MUCH],
  ['another', { code: -32000, message: 'response size should not greater than 10000000 bytes' }, TOO_MUCH],
  ['another', { code: -32005, message: 'logs matched by query exceeds limit of 10000' }, TOO_MUCH],
  ['another', { code: -32000, message: 'block range too large' }, TOO_MUCH],
  ['another', { code: -32011, message: 'no backend is currently healthy to serve traffic' }, TRANSIENT],
  ['another, throttling', { status: 429, message: 'Too Many Requests' }, throttled()],
  ['another, throttling', { code: -32029, message: 'call rate limit exhausted, retry in 10s' }, throttled(10_000)],
  ['Alchemy, throttling', { message: 'Your app has exceeded its compute units per second capacity.' }, throttled()],
  ['another, failing', { status: 502, message: '<html>Bad Gateway</html>' }, TRANSIENT],
  ['another, failing', { status: 503, message: '' }, TRANSIENT],
  ['another, failing', { code: -32603, message: 'Internal error' }, TRANSIENT],
  ['another, timing out', { code: -32002, message: 'request timed out' }, TRANSIENT],
  ['another, behind', { code: -32001, message: 'header not found' }, TRANSIENT],
  ['another, without the method', { code: -32601, message: 'the method eth_getLogs does not exist' }, TERMINAL],
  [
    'another, that does not understand',
    { code: -32602, message: 'invalid argument 0: hex string without 0x' },
    TERMINAL,
  ],
];

test.each(CASES)('%s: %o', (_, refusal, meaning) => {
  expect(meaningOf({ status: 200, code: null, message: '', ...refusal }, ASKED)).toEqual(meaning);
});

test('a cap or a suggestion that was kept means too much, so that the range shrinks in any case', () => {
  const asked = { from: 1_000, to: 1_099 };
  const said = (message: string) => meaningOf({ status: 200, code: -32000, message }, asked);
  expect(said('ranges over 10000 blocks are not supported on free plan')).toEqual(TOO_MUCH);
  expect(said('retry with the range 1000-1099')).toEqual(TOO_MUCH);
  expect(said('retry with the range 900-1050')).toEqual(TOO_MUCH);
  expect(said('retry with the range 1050-1000')).toEqual(TOO_MUCH);
  expect(said('Max range: 0')).toEqual(TRANSIENT);
});

test('words about ranges mean nothing where no range was asked for', () => {
  expect(meaningOf({ status: 413, code: null, message: '' }, null)).toEqual(TERMINAL);
});
