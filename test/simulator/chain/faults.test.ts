import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';

import { EMITTERS } from '../../../src/simulator/chain/contracts.js';
import { type SimulatedChain, startChain } from '../../../src/simulator/chain/start.js';
import { chainFills } from '../../../src/simulator/chain/truth.js';
import {
  decodedFill,
  FILLED,
  hex,
  type Line,
  logsOf,
  type PlainLog,
  plainOf,
  portalLines,
  portalQuery,
  post,
  type RpcLog,
  rpc,
  saidOf,
} from './read.js';

let chain: SimulatedChain;
let first: number;
let last: number;
let truth: PlainLog[];

beforeAll(async () => {
  chain = await startChain({ seed: 41, blocks: 320, fillsPerBlock: 1.5, finalityLag: 0 });
  first = chain.universe.firstBlock;
  last = chain.universe.lastBlock;
  truth = logsOf(await portalLines(chain, portalQuery(first, last)));
});
afterAll(() => chain.close());
afterEach(() => chain.setFaults([]));

const byPortal = async (more: object = {}) => logsOf(await portalLines(chain, portalQuery(first, last, more)));
const byRpc = async () =>
  (await rpc<RpcLog[]>(chain, 'eth_getLogs', { fromBlock: hex(first), toBlock: hex(last) })).map(plainOf);
const key = ({ block, logIndex }: PlainLog) => `${block}:${logIndex}`;
const missing = (logs: readonly PlainLog[]) => {
  const there = new Set(logs.map(key));
  return truth.filter((log) => !there.has(key(log)));
};

describe('faults of requests', () => {
  const ask = (from = first) => post(`${chain.portalUrl}/finalized-stream`, portalQuery(from, last));

  it.each([
    ['throttled', 429, '3', 'overloaded'],
    ['overloaded', 529, '3', 'overloaded'],
    ['unavailable', 503, null, 'no_workers'],
    ['server-error', 500, null, 'worker_failure'],
  ] as const)('%s: the portal says %i', async (kind, status, retryAfter, code) => {
    chain.setFaults([{ kind, server: 'portal', retryAfterSeconds: 3 }]);
    const response = await ask();
    expect([response.status, response.headers.get('retry-after')]).toEqual([status, retryAfter]);
    expect(await response.json()).toMatchObject({ error: { code } });
    expect(await byRpc()).toEqual(truth);
  });

  it.each([
    ['overloaded', 529],
    ['unavailable', 503],
    ['server-error', 500],
  ] as const)('%s: the node says %i', async (kind, status) => {
    chain.setFaults([{ kind, server: 'rpc' }]);
    expect((await post(chain.rpcUrl, { jsonrpc: '2.0', id: 1, method: 'eth_chainId' })).status).toBe(status);
    expect(await byPortal()).toEqual(truth);
  });

  it('the node throttles in the words of several providers, also with HTTP 200 and without JSON', async () => {
    chain.setFaults([{ kind: 'throttled', server: 'rpc' }]);
    const seen = new Set<string>();
    for (let n = 0; n < 8; n++) {
      const response = await post(chain.rpcUrl, { jsonrpc: '2.0', id: 1, method: `eth_chainId${'x'.repeat(n)}` });
      seen.add(`${response.status} ${await response.text()}`);
    }
    const texts = [...seen].join('\n');
    expect(seen.size).toBe(4);
    expect(texts).toMatch(/^429 Too Many Requests$/m);
    expect(texts).toMatch(/^200 .*-32005.*rate limited/m);
    expect(texts).toMatch(/-32029/);
    expect(texts).toMatch(/compute units per second/);
  });

  it('a cut answer ends in the middle of a line with status 200; what stands before is true', async () => {
    chain.setFaults([{ kind: 'cut' }]);
    for (const from of [first, first + 1, first + 2, last]) {
      const response = await ask(from);
      expect(response.status).toBe(200);
      const lines = (await response.text()).split('\n');
      const end = lines.pop() as string;
      expect(end).not.toBe('');
      expect(() => JSON.parse(end)).toThrow();
      const whole = lines.map((line) => JSON.parse(line) as Line);
      const upTo = whole.at(-1)?.header.number ?? 0;
      expect(logsOf(whole)).toEqual(truth.filter(({ block }) => block >= from && block <= upTo));
    }
    const answer = await (
      await post(chain.rpcUrl, {
        jsonrpc: '2.0',
        id: 1,
        method: 'eth_getLogs',
        params: [{ fromBlock: hex(first), toBlock: hex(last) }],
      })
    ).text();
    expect(() => JSON.parse(answer)).toThrow();
  });

  it('a reset breaks the connection', async () => {
    chain.setFaults([{ kind: 'reset' }]);
    for (const from of [first, first + 1])
      await expect(ask(from).then((response) => response.text())).rejects.toThrow();
    await expect(rpc(chain, 'eth_chainId')).rejects.toThrow();
  });

  it('an empty answer: 200 without a byte from the portal, no logs from the node', async () => {
    chain.setFaults([{ kind: 'empty' }]);
    const response = await ask();
    expect([response.status, await response.text()]).toEqual([200, '']);
    expect(await byRpc()).toEqual([]);
  });

  it('a lagging finalized head is told and served by one server, not by the other', async () => {
    chain.setFaults([{ kind: 'lagging-finalized', server: 'portal', blocksBehind: 100 }]);
    const { number } = (await (await fetch(`${chain.portalUrl}/finalized-head`)).json()) as { number: number };
    expect(number).toBe(last - 100);
    expect((await portalLines(chain, portalQuery(first, last))).at(-1)?.header.number).toBe(last - 100);
    expect(Number((await rpc<{ number: string }>(chain, 'eth_getBlockByNumber', 'finalized', false)).number)).toBe(
      last,
    );
  });

  it('a server that hangs answers nothing until the client gives up', async () => {
    chain.setFaults([{ kind: 'hang' }]);
    const signal = AbortSignal.timeout(100);
    const body = JSON.stringify(portalQuery(first, last));
    await expect(fetch(`${chain.portalUrl}/finalized-stream`, { method: 'POST', body, signal })).rejects.toThrow(
      /timeout/,
    );
    await expect(fetch(chain.rpcUrl, { method: 'POST', body: '{}', signal })).rejects.toThrow(/timeout/);
  });

  it('a node that lags behind its own head does not know the header', async () => {
    chain.setFaults([{ kind: 'header-not-found' }]);
    await expect(byRpc()).rejects.toThrow('-32000: header not found');
  });

  it('a wrong chain answers by RPC', async () => {
    chain.setFaults([{ kind: 'wrong-chain' }]);
    expect(await rpc(chain, 'eth_chainId')).toBe('0x1');
  });

  it('a silent truncation keeps the latter half and all appearances', async () => {
    chain.setFaults([{ kind: 'silent-truncation', blocksBehind: 100 }]);
    const lines = await portalLines(chain, portalQuery(first, last));
    expect([lines[0]?.header.number, lines.at(-1)?.header.number]).toEqual([first, last]);
    expect(logsOf(lines)).toEqual(truth.filter(({ block }) => block >= first + 160));
    expect(await byRpc()).toEqual(truth.filter(({ block }) => block >= first + 160));
    const some = logsOf(await portalLines(chain, portalQuery(first, first + 99)));
    expect(some).toEqual(truth.filter(({ block }) => block <= first + 99));
  });

  it('strikes at its rate, by what is asked and how often, so that a seed replays; and no more than it may', async () => {
    const statuses = async (seed: number) => {
      const one = await startChain({
        seed: 41,
        blocks: 100,
        faultSeed: seed,
        faults: [{ kind: 'unavailable', rate: 0.3 }],
      });
      const got: number[] = [];
      for (let i = 0; i < 60; i++) {
        const block = one.universe.firstBlock + (i % 30);
        const response = await post(`${one.portalUrl}/finalized-stream`, portalQuery(block, block));
        await response.text();
        got.push(response.status);
      }
      await one.close();
      return got;
    };
    const got = await statuses(5);
    expect(await statuses(5)).toEqual(got);
    expect(await statuses(6)).not.toEqual(got);
    const struck = got.filter((status) => status === 503).length;
    expect(struck).toBeGreaterThan(6);
    expect(struck).toBeLessThan(32);
    chain.setFaults([{ kind: 'unavailable', maxStrikes: 2 }]);
    expect([(await ask()).status, (await ask()).status, (await ask()).status]).toEqual([503, 503, 200]);
    chain.setFaults([{ kind: 'unavailable', blocks: { from: last + 1, to: last + 9 } }]);
    expect((await ask()).status).toBe(200);
    expect(() => chain.setFaults([{ kind: 'sunspots' as 'cut' }])).toThrow(/unknown fault "sunspots"/);
  });
});

describe('lies about logs', () => {
  it('a lost log is lost every time again, from one server alone', async () => {
    chain.setFaults([{ kind: 'lost-log', rate: 0.05, server: 'portal' }]);
    const lost = missing(await byPortal());
    expect(lost.length).toBeGreaterThan(truth.length * 0.03);
    expect(lost.length).toBeLessThan(truth.length * 0.07);
    chain.resetStats();
    expect(missing(await byPortal())).toEqual(lost);
    expect(chain.stats().portal.faults).toEqual({ 'lost-log': lost.length });
    expect(await byRpc()).toEqual(truth);
  });

  it('the very log that is named is lost, or the very event', async () => {
    const fill = truth.find(({ topics }) => topics[0] === FILLED) as PlainLog;
    chain.setFaults([{ kind: 'lost-log', blocks: { from: fill.block, to: fill.block }, logIndex: fill.logIndex }]);
    expect(missing(await byPortal())).toEqual([fill]);
    expect(missing(await byRpc())).toEqual([fill]);
    chain.setFaults([{ kind: 'lost-log', events: ['order_filled'] }]);
    expect(missing(await byPortal())).toEqual(truth.filter(({ topics }) => topics[0] === FILLED));
  });

  it('a lost transaction is lost whole, receipts included', async () => {
    const { block, transactionHash } = truth[100] as PlainLog;
    chain.setFaults([{ kind: 'lost-transaction', transaction: transactionHash }]);
    expect(missing(await byPortal())).toEqual(truth.filter((log) => log.transactionHash === transactionHash));
    const receipts = await rpc<{ logs: RpcLog[] }[]>(chain, 'eth_getBlockReceipts', hex(block));
    const known = new Set(EMITTERS.slice(0, -1).map(({ address }) => address as string));
    const there = receipts.flatMap(({ logs }) => logs).filter(({ address }) => known.has(address));
    expect(there.map(plainOf)).toEqual(
      truth.filter((log) => log.block === block && log.transactionHash !== transactionHash),
    );
    chain.setFaults([{ kind: 'lost-transaction', rate: 0.1 }]);
    const lost = new Set(missing(await byPortal()).map((log) => log.transactionHash));
    expect(lost.size).toBeGreaterThan(10);
    expect((await byPortal()).some((log) => lost.has(log.transactionHash))).toBe(false);
  });

  it('a lost range has no headers either: parent hashes tell', async () => {
    const hole = { from: first + 50, to: first + 59 };
    chain.setFaults([{ kind: 'lost-range', blocks: hole }]);
    const lines = await portalLines(chain, portalQuery(first, last, { includeAllBlocks: true }));
    expect(missing(logsOf(lines))).toEqual(truth.filter(({ block }) => block >= hole.from && block <= hole.to));
    const broken = lines.slice(1).filter(({ header }, i) => header.parentHash !== lines[i]?.header.hash);
    expect(broken.map(({ header }) => header.number)).toEqual([hole.to + 1]);
    expect(missing(await byRpc()).length).toBeGreaterThan(0);
    chain.setFaults([{ kind: 'lost-range', rate: 0.2 }]);
    const runs = new Set(missing(await byPortal()).map(({ block }) => block >>> 5));
    expect(runs.size).toBeGreaterThan(0);
    expect(runs.size).toBeLessThan(8);
  });

  it('a block comes twice', async () => {
    const { block } = truth[200] as PlainLog;
    chain.setFaults([{ kind: 'duplicate-block', blocks: { from: block, to: block } }]);
    const twice =
      truth.flatMap((log) => (log.block === block ? [log] : [log])).length +
      truth.filter((log) => log.block === block).length;
    const lines = await portalLines(chain, portalQuery(first, last));
    expect(lines.filter(({ header }) => header.number === block)).toHaveLength(2);
    expect(logsOf(lines)).toHaveLength(twice);
    expect(await byRpc()).toHaveLength(twice);
  });

  it('an altered amount is one micro-unit more, in the logs that are named', async () => {
    chain.setFaults([{ kind: 'altered-amount', rate: 0.1, events: ['order_filled'] }]);
    const told = await byPortal();
    expect(told).toHaveLength(truth.length);
    const altered = told.filter((log, i) => log.data !== truth[i]?.data);
    expect(altered.length).toBeGreaterThan(10);
    for (const log of altered) {
      const was = truth.find((one) => key(one) === key(log)) as PlainLog;
      const amounts = ({ data }: PlainLog) => BigInt(`0x${data.slice(2 + 128, 2 + 192)}`);
      expect([log.topics[0], amounts(log)]).toEqual([FILLED, amounts(was) + 1n]);
    }
  });

  it('strangers and unknown modules emit what V2 and V3 emit, from the block on that is named', async () => {
    const from = first + 200;
    const odd = await startChain({
      seed: 41,
      blocks: 320,
      fillsPerBlock: 8,
      finalityLag: 0,
      strangerRate: 0.05,
      unknownModuleRate: 0.05,
      strangersFromBlock: from,
    });
    try {
      const fills = [...chainFills(odd.universe)];
      const strangers = fills.filter(({ exchange }) => exchange === 'stranger');
      const unknown = fills.filter(({ unknownModule }) => unknownModule);
      for (const some of [strangers, unknown]) {
        expect(some.length).toBeGreaterThan(5);
        expect(Math.min(...some.map(({ block }) => block))).toBeGreaterThanOrEqual(from);
      }
      const known = new Set(EMITTERS.slice(0, 6).map(({ address }) => address as string));
      const logs = logsOf(await portalLines(odd, portalQuery(first, last, { logs: [{ topic0: [FILLED] }] })));
      expect(logs.filter(({ address }) => !known.has(address)).map(decodedFill)).toEqual(strangers.map(saidOf));
      for (const { token } of unknown) expect(BigInt(token) >> 248n).toBe(9n);
    } finally {
      await odd.close();
    }
  });
});
