import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';

import type { RpcProfileName } from '../../../src/simulator/chain/rpc-profiles.js';
import { type SimulatedChain, startChain } from '../../../src/simulator/chain/start.js';
import { FILLED, hex, logsOf, plainOf, portalLines, portalQuery, post, type RpcLog, rpc, V1_FILLED } from './read.js';

const RESOLVED = '0xb44d84d3289691f71497564b85d4233648d9dbae8cbdbb4329f301c3a0185894';
const V2 = '0xe111180000d2663c0091e4f400237545b87b996b';

interface Block {
  readonly number: string;
  readonly hash: string;
  readonly parentHash: string;
  readonly timestamp: string;
}

describe('the node', () => {
  let chain: SimulatedChain;
  let first: number;
  let last: number;
  const getLogs = (filter: object) => rpc<RpcLog[]>(chain, 'eth_getLogs', filter);

  beforeAll(async () => {
    chain = await startChain({ seed: 31, blocks: 200, fillsPerBlock: 3, finalityLag: 5 });
    first = chain.universe.firstBlock;
    last = chain.universe.lastBlock;
  });
  afterAll(() => chain.close());

  it('gives the very logs that the portal gives', async () => {
    const logs = await getLogs({ fromBlock: hex(first), toBlock: hex(last - 5) });
    expect(logs.map(plainOf)).toEqual(logsOf(await portalLines(chain, portalQuery(first, last - 5))));
    expect(logs.length).toBeGreaterThan(500);
    for (const log of logs.slice(0, 50)) {
      expect(Number(log.blockTimestamp)).toBe(chain.universe.timeOf(Number(log.blockNumber)));
    }
  });

  it('filters by one address or several, by first topic alone, by any of several, by places that do not matter', async () => {
    const all = await getLogs({ fromBlock: hex(first), toBlock: hex(last) });
    const range = { fromBlock: hex(first), toBlock: hex(last) };
    const fills = all.filter(({ topics }) => topics[0] === FILLED);
    expect(await getLogs({ ...range, topics: [FILLED] })).toEqual(fills);
    expect(await getLogs({ ...range, address: V2, topics: [[FILLED, V1_FILLED]] })).toEqual(
      fills.filter(({ address }) => address === V2),
    );
    expect(await getLogs({ ...range, address: [V2], topics: [] })).toEqual(all.filter(({ address }) => address === V2));
    const wallet = fills[0]?.topics[2] as string;
    expect(await getLogs({ ...range, topics: [null, null, [wallet]] })).toEqual(
      all.filter(({ topics }) => topics[2] === wallet),
    );
    const blockHash = chain.universe.blockHash(last - 3);
    expect(await getLogs({ blockHash })).toEqual(all.filter(({ blockNumber }) => Number(blockNumber) === last - 3));
  });

  it('knows its chain, its head, and blocks by number and tag', async () => {
    expect(await rpc(chain, 'eth_chainId')).toBe('0x89');
    expect(await rpc(chain, 'eth_blockNumber')).toBe(hex(last));
    const latest = await rpc<Block>(chain, 'eth_getBlockByNumber', 'latest', false);
    const finalized = await rpc<Block>(chain, 'eth_getBlockByNumber', 'finalized', false);
    expect([Number(latest.number), Number(finalized.number)]).toEqual([last, last - 5]);
    const [one, two] = [
      await rpc<Block>(chain, 'eth_getBlockByNumber', hex(first), false),
      await rpc<Block>(chain, 'eth_getBlockByNumber', hex(first + 1), false),
    ];
    expect(two.parentHash).toBe(one.hash);
    expect(Number(one.timestamp)).toBe(chain.universe.timeOf(first));
    expect(await rpc(chain, 'eth_getBlockByNumber', hex(last + 1), false)).toBeNull();
  });

  it('gives receipts whose log indexes have no gaps and whose known logs are those of eth_getLogs', async () => {
    const logs = await getLogs({ fromBlock: hex(first + 30), toBlock: hex(first + 30) });
    expect(logs.length).toBeGreaterThan(0);
    const receipts = await rpc<{ transactionHash: string; logs: RpcLog[] }[]>(
      chain,
      'eth_getBlockReceipts',
      hex(first + 30),
    );
    const all = receipts.flatMap(({ logs: ofTx }) => ofTx);
    expect(all.map(({ logIndex }) => Number(logIndex))).toEqual(all.map((_, i) => i));
    const known = new Map(all.map((log) => [log.logIndex, log]));
    for (const log of logs) expect(plainOf(known.get(log.logIndex) as RpcLog)).toEqual(plainOf(log));
    expect(await rpc(chain, 'eth_getBlockReceipts', hex(last + 1))).toBeNull();
  });

  it('answers batches one by one, errors among them', async () => {
    const calls = [
      { jsonrpc: '2.0', id: 7, method: 'eth_chainId', params: [] },
      { jsonrpc: '2.0', id: 'x', method: 'eth_nothing', params: [] },
      { jsonrpc: '2.0', id: 8, method: 'eth_getLogs', params: [{ fromBlock: hex(last), toBlock: hex(first) }] },
      { jsonrpc: '2.0', id: 9, method: 'eth_getLogs', params: [{ fromBlock: hex(first), toBlock: hex(first + 9) }] },
    ];
    const answers = (await (await post(chain.rpcUrl, calls)).json()) as {
      id: unknown;
      result?: unknown;
      error?: { code: number };
    }[];
    expect(answers.map(({ id }) => id)).toEqual([7, 'x', 8, 9]);
    expect(answers.map(({ error }) => error?.code)).toEqual([undefined, -32601, -32602, undefined]);
    expect((answers[3]?.result as unknown[] | undefined)?.length).toBeGreaterThan(10);
    expect((await post(chain.rpcUrl, Array(101).fill(calls[0]))).status).toBe(400);
  });
});

describe('providers', () => {
  let chain: SimulatedChain;
  let first: number;
  beforeAll(async () => {
    // Quiet blocks and many of them: caps of ranges and of results are both met.
    chain = await startChain({ seed: 33, blocks: 200_000, fillsPerBlock: 0.4, firstBlock: 90_000_000, conditions: 64 });
    first = chain.universe.firstBlock;
  });
  afterAll(() => chain.close());
  afterEach(() => chain.setRpcProfile('none'));

  const ask = async (blocks: number, from = first, topic = FILLED) => {
    const response = await post(chain.rpcUrl, {
      jsonrpc: '2.0',
      id: 1,
      method: 'eth_getLogs',
      params: [{ fromBlock: hex(from), toBlock: hex(from + blocks - 1), topics: [topic] }],
    });
    const text = await response.text();
    const isJson = response.headers.get('content-type')?.includes('json') ?? false;
    const answer = (isJson ? JSON.parse(text) : {}) as {
      result?: RpcLog[];
      error?: { code: number; message: string; data?: { to: string } };
    };
    return { status: response.status, text, logs: answer.result ?? [], error: answer.error };
  };

  /** Cap in blocks, what a wider range is told, code and status. */
  const CAPS: readonly (readonly [RpcProfileName, number, RegExp, number, number])[] = [
    ['alchemy-free', 10, /up to a 10 block range/, -32600, 400],
    ['quicknode-free', 5, /limited to a 5 range/, -32614, 413],
    ['quicknode', 10_000, /limited to a 10,000 range/, -32614, 200],
    ['drpc', 10_000, /^ranges over 10000 blocks are not supported on free plan$/, 35, 400],
    ['drpc-old', 10_000, /on freetier$/, 35, 400],
    ['drpc-stingy', 100, /^ranges over 10000 blocks are not supported on free plan$/, 35, 400],
    ['publicnode', 50_000, /^exceed maximum block range: 50000$/, -32701, 200],
    ['chainstack-free', 100, /^Block range limit exceeded\./, -32602, 200],
    ['chainstack', 10_000, /^Block range limit exceeded\./, -32602, 200],
    ['ankr', 3_000, /^block range is too wide$/, -32600, 200],
    ['1rpc', 1_000, /^eth_getLogs is limited to a 1000 blocks range$/, -32000, 200],
    ['max-range', 2_000, /^Max range: 2000$/, -32000, 200],
    ['max-number', 500, /^Maximum allowed number of requested blocks is 500$/, -32000, 200],
    ['limited-to', 1_000, /limited to 1000 block/, -32000, 200],
    ['plan', 2_000, /exceeds the range allowed for your plan \(2001 > 2000\)/, -32000, 200],
    ['up-to', 800, /up to a 800 block range/, -32600, 200],
    ['block-range-too-large', 1_000, /^block range too large$/, -32000, 200],
  ];
  it.each(CAPS)('%s takes %i blocks and says so of more', async (name, blocks, text, code, status) => {
    chain.setRpcProfile(name);
    const from = chain.universe.lastBlock - 60_000;
    // Few logs of that event: the range alone decides.
    const fits = await ask(blocks, from, RESOLVED);
    expect([fits.status, fits.error]).toEqual([200, undefined]);
    const refused = await ask(blocks + 1, from, RESOLVED);
    expect(refused.error?.message).toMatch(text);
    expect([refused.error?.code, refused.status]).toEqual([code, status]);
  });

  /** Cap in results, and what more is told; the numbers are the range that would fit. */
  const RESULTS: readonly (readonly [RpcProfileName, number, RegExp, number])[] = [
    ['alchemy', 10_000, /this block range should work: \[(0x[0-9a-f]+), (0x[0-9a-f]+)\]$/, -32602],
    [
      'infura',
      10_000,
      /^query returned more than 10000 results\. Try with this block range \[(0x[0-9a-f]+), (0x[0-9a-f]+)\]\.$/,
      -32005,
    ],
    ['tenderly', 20_000, /^query exceeds max results 20000, retry with the range (\d+)-(\d+)$/, -32602],
  ];
  it.each(RESULTS)('%s takes %i results and suggests a range that fits', async (name, results, text, code) => {
    chain.setRpcProfile(name);
    const refused = await ask(60_000);
    expect(refused.error?.code).toBe(code);
    const [, from, to] = text.exec(refused.error?.message ?? '') ?? [];
    expect(Number(from)).toBe(first);
    const fits = await ask(Number(to) - first + 1);
    expect(fits.logs.length).toBeGreaterThan(results * 0.99);
    expect(fits.logs.length).toBeLessThanOrEqual(results);
    if (name === 'infura') expect(refused.error?.data?.to).toBe(to);
  });

  it.each([
    ['backend-too-large', /^backend response too large$/, -32020],
    ['response-size', /^response size should not greater than 2000000 bytes$/, -32000],
    ['exceeds-limit', /^logs matched by query exceeds limit of 10000$/, -32005],
  ] as const)('%s says that it is too much, and not what would fit', async (name, text, code) => {
    chain.setRpcProfile(name);
    const { error } = await ask(60_000);
    expect([error?.code, error?.message]).toEqual([code, expect.stringMatching(text)]);
    expect((await ask(100)).logs.length).toBeGreaterThan(10);
  });

  it('HTTP 413 comes without JSON', async () => {
    chain.setRpcProfile('http-413');
    expect(await ask(60_000)).toMatchObject({ status: 413, text: 'Request Entity Too Large', logs: [] });
  });

  it('Tenderly answers a very wide range with its recent part and not a word', async () => {
    chain.setRpcProfile({ says: () => ({ code: 0, message: '' }), cutsTo: 1_000 });
    const cut = await ask(5_000);
    chain.setRpcProfile('none');
    expect(cut.logs).toEqual((await ask(5_000)).logs.filter(({ blockNumber }) => Number(blockNumber) >= first + 4_000));
    expect(cut.logs.length).toBeGreaterThan(100);
  });

  it('a pruned provider forgets: silently, or with a refusal, and its old receipts are null', async () => {
    chain.setRpcProfile('pruned');
    const recent = chain.universe.lastBlock - 127;
    expect((await ask(1_000)).logs).toEqual([]);
    expect((await ask(228, recent - 100)).logs.every(({ blockNumber }) => Number(blockNumber) >= recent)).toBe(true);
    expect(await rpc(chain, 'eth_getBlockReceipts', hex(first))).toBeNull();
    chain.setRpcProfile('publicnode');
    expect(await ask(100)).toMatchObject({ status: 403, error: { code: -32701 } });
  });

  it('a dead provider, an unauthorized one and one without a backend refuse everything', async () => {
    chain.setRpcProfile('dead');
    expect(await ask(1)).toMatchObject({
      status: 403,
      error: { code: -32051, message: expect.stringMatching(/tenant disabled/) },
    });
    chain.setRpcProfile('unauthorized');
    expect(await ask(1)).toMatchObject({ status: 401, error: { code: -32000 } });
    chain.setRpcProfile('unhealthy');
    expect(await ask(1)).toMatchObject({
      status: 503,
      error: { message: expect.stringMatching(/^no backend is currently healthy/) },
    });
  });

  it('a provider refuses the names of common libraries, in HTML', async () => {
    chain.setRpcProfile('agent-refused');
    const body = JSON.stringify({ jsonrpc: '2.0', id: 1, method: 'eth_chainId' });
    const as = (agent: string) => fetch(chain.rpcUrl, { method: 'POST', body, headers: { 'user-agent': agent } });
    expect([(await as('node')).status, (await as('undici')).status, (await as('backfill/1.0')).status]).toEqual([
      403, 403, 200,
    ]);
  });

  it('a provider may leave out block times, and finality of another may lag', async () => {
    chain.setRpcProfile('no-timestamps');
    const { logs } = await ask(100);
    expect(logs.some((log) => 'blockTimestamp' in log)).toBe(false);
    chain.setRpcProfile('1rpc');
    const finalized = await rpc<Block>(chain, 'eth_getBlockByNumber', 'finalized', false);
    expect(Number(finalized.number)).toBe(chain.finalized() - 1_500);
  });
});
