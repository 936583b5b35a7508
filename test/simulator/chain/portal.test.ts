import { gzipSync } from 'node:zlib';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { timeOfBlock } from '../../../src/simulator/chain/clock.js';
import { type SimulatedChain, startChain } from '../../../src/simulator/chain/start.js';
import { FILLED, type Line, logsOf, portalLines, portalQuery, post, V1_FILLED } from './read.js';

const V2 = '0xe111180000d2663c0091e4f400237545b87b996b';
const STREAM = '/finalized-stream';
const numbers = (lines: readonly Line[]) => lines.map(({ header }) => header.number);

describe('the portal', () => {
  let chain: SimulatedChain;
  let first: number;
  let last: number;
  let ask: (body: unknown, path?: string) => Promise<Response>;

  beforeAll(async () => {
    chain = await startChain({ seed: 21, blocks: 300, fillsPerBlock: 1 });
    first = chain.universe.firstBlock;
    last = chain.universe.lastBlock;
    ask = (body, path = STREAM) => post(chain.portalUrl + path, body);
  });
  afterAll(() => chain.close());

  it('gives blocks with matches, and the first and last of the range whatever they hold', async () => {
    const all = await portalLines(chain, portalQuery(first, last - 10, { includeAllBlocks: true }));
    const busy = all.filter(({ logs }) => logs.length > 0).map(({ header }) => header.number);
    expect(busy.length).toBeGreaterThan(50);
    expect(busy.length).toBeLessThan(280);
    const quiet = all.filter(({ logs }) => logs.length === 0).map(({ header }) => header.number);
    const [from, to] = [quiet[3] as number, quiet.at(-3) as number];
    const some = await portalLines(chain, portalQuery(from, to));
    expect(numbers(some)).toEqual([from, ...busy.filter((block) => block > from && block < to), to]);
    expect(some[0]?.logs).toEqual([]);
    expect(numbers(await portalLines(chain, portalQuery(from, from)))).toEqual([from]);
  });

  it('gives the chosen fields alone, in its own order, and no list of logs where none is asked for', async () => {
    const text = await (
      await ask({
        type: 'evm',
        fromBlock: first,
        toBlock: first + 100,
        fields: { block: { timestamp: true, number: true }, log: { topics: true, logIndex: true, address: false } },
        logs: [{ topic0: [V1_FILLED] }],
      })
    ).text();
    const lines = text.trim().split('\n');
    expect(lines[0]).toMatch(/^\{"header":\{"number":\d+,"timestamp":\d+\},"logs":\[/);
    const logs = lines.flatMap((line) => (JSON.parse(line) as Line).logs);
    expect(logs.length).toBeGreaterThan(10);
    for (const log of logs) expect(Object.keys(log)).toEqual(['logIndex', 'topics']);
    const bare = await (
      await ask({ type: 'evm', fromBlock: first, toBlock: first, fields: { block: { number: true } } })
    ).text();
    expect(bare).toBe(`{"header":{"number":${first}}}\n`);
  });

  it('filters by address and topics, in any letter case; filters add up, parts of one narrow', async () => {
    const all = logsOf(await portalLines(chain, portalQuery(first, last - 10)));
    const read = async (...logs: object[]) => logsOf(await portalLines(chain, portalQuery(first, last - 10, { logs })));
    const v2Fills = all.filter(({ address, topics }) => address === V2 && topics[0] === FILLED);
    expect(v2Fills.length).toBeGreaterThan(20);
    expect(await read({ address: [V2.toUpperCase().replace('X', 'x')], topic0: [FILLED] })).toEqual(v2Fills);
    expect(await read({ address: [V2], topic0: [V1_FILLED] })).toEqual([]);
    const v1Fills = all.filter(({ topics }) => topics[0] === V1_FILLED);
    expect(await read({ address: [V2], topic0: [FILLED] }, { topic0: [V1_FILLED] })).toEqual(
      all.filter((log) => v2Fills.includes(log) || v1Fills.includes(log)),
    );
    const wallet = v2Fills[0]?.topics[2] as string;
    expect(await read({ topic2: [wallet] })).toEqual(all.filter(({ topics }) => topics[2] === wallet));
    expect(await read({ address: [] })).toEqual([]);
  });

  it('answers with gzip where the client takes it, and reads an encoded query', async () => {
    const query = JSON.stringify(portalQuery(first, last - 10));
    const plain = await fetch(chain.portalUrl + STREAM, {
      method: 'POST',
      body: query,
      headers: { 'accept-encoding': 'identity' },
    });
    expect(plain.headers.get('content-encoding')).toBeNull();
    const encoded = await fetch(chain.portalUrl + STREAM, {
      method: 'POST',
      body: gzipSync(query),
      headers: { 'accept-encoding': 'gzip', 'content-encoding': 'gzip' },
    });
    expect(encoded.headers.get('content-encoding')).toBe('gzip');
    expect(await encoded.text()).toBe(await plain.text());
  });

  it('tells head, finalized head and blocks by time, and repeats the head in every answer', async () => {
    const get = async (path: string) => (await fetch(chain.portalUrl + path)).json();
    const block = (number: number) => ({ number, hash: chain.universe.blockHash(number) });
    expect(await get('/head')).toEqual(block(last));
    expect(await get('/finalized-head')).toEqual(block(last - 4));
    expect(await get('/metadata')).toMatchObject({ dataset: 'polygon-mainnet', start_block: 0 });
    expect(await get(`/timestamps/${timeOfBlock(first) - 1}/block`)).toEqual({ block_number: first });
    expect((await fetch(`${chain.portalUrl}/timestamps/${timeOfBlock(last) + 60}/block`)).status).toBe(404);
    const { headers } = await ask(portalQuery(first, first));
    expect(headers.get('x-sqd-finalized-head-number')).toBe(String(last - 4));
    expect(headers.get('x-sqd-finalized-head-hash')).toBe(chain.universe.blockHash(last - 4));
    expect(headers.get('x-sqd-head-number')).toBe(String(last));
  });

  it('ends a range at the head, says 204 beyond it, and goes on when the head has moved', async () => {
    const short = await startChain({ seed: 21, blocks: 300, fillsPerBlock: 1, headBlock: first + 100, finalityLag: 6 });
    try {
      expect(numbers(await portalLines(short, portalQuery(first + 90, first + 200))).at(-1)).toBe(first + 94);
      expect(numbers(await portalLines(short, portalQuery(first + 90, first + 200), '/stream')).at(-1)).toBe(
        first + 100,
      );
      const beyond = await post(short.portalUrl + STREAM, portalQuery(first + 95, first + 200));
      expect([beyond.status, await beyond.text(), beyond.headers.get('x-sqd-finalized-head-number')]).toEqual([
        204,
        '',
        String(first + 94),
      ]);
      expect(short.advance(20)).toBe(first + 120);
      expect(numbers(await portalLines(short, portalQuery(first + 95, first + 200))).at(-1)).toBe(first + 114);
      expect(short.advance(1_000)).toBe(short.universe.lastBlock);
      short.setFinalityLag(50);
      expect(short.finalized()).toBe(short.universe.lastBlock - 50);
    } finally {
      await short.close();
    }
  });

  it('says 409 with the blocks before to a query that builds on another chain, but not in finalized mode', async () => {
    const good = { parentBlockHash: chain.universe.blockHash(first + 9) };
    const bad = { parentBlockHash: `0x${'ab'.repeat(32)}` };
    expect((await ask(portalQuery(first + 10, first + 20, good), '/stream')).status).toBe(200);
    expect((await ask(portalQuery(first + 10, first + 20, bad))).status).toBe(200);
    const fork = await ask(portalQuery(first + 10, first + 20, bad), '/stream');
    expect(fork.status).toBe(409);
    const { previousBlocks } = (await fork.json()) as { previousBlocks: { number: number; hash: string }[] };
    expect(previousBlocks.at(-1)).toEqual({ number: first + 9, hash: good.parentBlockHash });
  });

  it('refuses what it does not know', async () => {
    const why = async (body: unknown) => {
      const response = await ask(body);
      const { error } = (await response.json()) as { error: { code: string; message: string } };
      expect([response.status, error.code]).toEqual([400, 'malformed_request']);
      return error.message;
    };
    expect(await why('{')).toMatch(/parse/);
    expect(await why({ ...portalQuery(first, last), colour: 'red' })).toMatch(/unknown field `colour`/);
    expect(await why(portalQuery(first, last, { fields: { log: { colour: true } } }))).toMatch(
      /unknown field `colour`/,
    );
    expect(await why(portalQuery(first, last, { logs: [{ topic9: [] }] }))).toMatch(/unknown field `topic9`/);
    expect(await why(portalQuery(last, first))).toMatch(/toBlock/);
    expect(await why(portalQuery(first, last, { logs: Array(101).fill({}) }))).toMatch(/101, the limit is 100/);
    expect(await why(portalQuery(first, last, { logs: [{ address: Array(7_000).fill(V2) }] }))).toMatch(
      /larger than 262144/,
    );
    expect((await fetch(`${chain.portalUrl}/nothing`)).status).toBe(404);
    expect((await fetch(`http://127.0.0.1:${chain.port}/datasets/other/head`)).status).toBe(404);
    expect((await fetch(chain.portalUrl + STREAM)).status).toBe(405);
  });
});

describe('a portal with limits', () => {
  let chain: SimulatedChain | undefined;
  afterEach(() => chain?.close());

  it('may end after any line; asking on from the last line reads everything once', async () => {
    chain = await startChain({
      seed: 22,
      blocks: 160,
      fillsPerBlock: 2,
      finalityLag: 0,
      portal: { replyBytes: 20_000, replyBlocks: 25 },
    });
    const { firstBlock, lastBlock } = chain.universe;
    const read: Line[] = [];
    let requests = 0;
    for (let from = firstBlock; from <= lastBlock; from = (read.at(-1)?.header.number ?? lastBlock) + 1) {
      read.push(...(await portalLines(chain, portalQuery(from, lastBlock))));
      requests++;
    }
    expect(requests).toBeGreaterThan(10);
    chain.setFaults([{ kind: 'early-end', rate: 0.5 }]);
    const again: Line[] = [];
    for (let from = firstBlock; from <= lastBlock; from = (again.at(-1)?.header.number ?? lastBlock) + 1) {
      again.push(...(await portalLines(chain, portalQuery(from, lastBlock))));
    }
    const one = await startChain({ seed: 22, blocks: 160, fillsPerBlock: 2, finalityLag: 0 });
    const whole = logsOf(await portalLines(one, portalQuery(firstBlock, lastBlock)));
    await one.close();
    expect(logsOf(read)).toEqual(whole);
    expect(logsOf(again)).toEqual(whole);
    expect(chain.stats().portal.faults['early-end']).toBeGreaterThan(5);
  });

  it('has a line at the end of every stored chunk', async () => {
    chain = await startChain({
      seed: 23,
      blocks: 500,
      fillsPerBlock: 0.05,
      finalityLag: 0,
      portal: { chunkBlocks: 64 },
    });
    const { firstBlock, lastBlock } = chain.universe;
    const lines = numbers(await portalLines(chain, portalQuery(firstBlock, lastBlock)));
    for (let block = firstBlock; block <= lastBlock; block++)
      if ((block + 1) % 64 === 0) expect(lines).toContain(block);
  });

  it('throttles by a window with Retry-After, and asks for its key', async () => {
    chain = await startChain({
      seed: 24,
      blocks: 100,
      portal: { throttle: { rps: 2, windowMs: 10_000 }, apiKey: 'k' },
    });
    const { firstBlock } = chain.universe;
    const url = `${chain.portalUrl}/head`;
    const answers = [];
    for (let i = 0; i < 22; i++) answers.push(await fetch(url, { headers: { 'x-api-key': 'k' } }));
    expect(answers.map(({ status }) => status)).toEqual([...Array(20).fill(200), 429, 429]);
    expect(Number(answers.at(-1)?.headers.get('retry-after'))).toBeGreaterThanOrEqual(1);
    await chain.close();
    chain = await startChain({ seed: 24, blocks: 100, portal: { apiKey: 'k' } });
    expect((await post(chain.portalUrl + STREAM, portalQuery(firstBlock, firstBlock))).status).toBe(401);
  });
});
