import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterEach, describe, expect, test } from 'vitest';
import { FailureError } from '../../../src/core/failure.js';
import { RPC_PROFILES, type RpcProfile, type RpcProfileName } from '../../../src/simulator/chain/rpc-profiles.js';
import { type ChainServerOptions, type SimulatedChain, startChain } from '../../../src/simulator/chain/start.js';
import { chainFills } from '../../../src/simulator/chain/truth.js';
import { Portal } from '../../../src/sources/chain/portal.js';
import { Rpc } from '../../../src/sources/chain/rpc.js';
import { type Told, tell } from './chain-digest.js';

const opened: { close(): Promise<void> }[] = [];
afterEach(async () => {
  for (const each of opened.splice(0).reverse()) await each.close();
});

function open<T extends { close(): Promise<void> }>(each: T): T {
  opened.push(each);
  return each;
}

const start = async (over: Partial<ChainServerOptions> = {}): Promise<SimulatedChain> =>
  open(await startChain({ seed: 5, blocks: 80, fillsPerBlock: 3, finalityLag: 0, ...over }));
const rpcOf = (urls: string | readonly string[], headers?: 'all'): Rpc =>
  open(
    new Rpc({
      endpoints: [urls].flat().map((url) => ({ url, connections: 2, silenceMs: 5_000 })),
      ...(headers === undefined ? {} : { headers }),
    }),
  );
const portalOf = ({ portalUrl }: SimulatedChain): Portal =>
  open(new Portal({ url: portalUrl, connections: 1, silenceMs: 5_000 }));

/** What was told, or how it failed. */
async function attempt(told: Promise<Told>): Promise<Told | FailureError['failure']> {
  try {
    return await told;
  } catch (error) {
    if (error instanceof FailureError) return error.failure;
    throw error;
  }
}

/** As the engine does: again after what may pass, a few times. */
async function persist(
  rpc: Rpc,
  range: { from: number; to: number },
  times = 12,
): Promise<Told | FailureError['failure']> {
  let last: Told | FailureError['failure'] | undefined;
  for (let n = 0; n < times; n++) {
    last = await attempt(tell(rpc, range));
    if ('rows' in last || last.kind === 'terminal') return last;
  }
  return last as FailureError['failure'];
}

const LIMITED = (Object.keys(RPC_PROFILES) as RpcProfileName[]).filter((name) => {
  const profile = RPC_PROFILES[name];
  return !('dead' in profile) && !('keepsBlocks' in profile) && !('refusesAgents' in profile);
});

describe('a range by JSON-RPC', () => {
  test('gives the rows that the portal gives, its first and its last block', async () => {
    const chain = await start();
    const { firstBlock, lastBlock } = chain.universe;
    const range = { from: firstBlock - 40, to: lastBlock };
    const byPortal = await tell(portalOf(chain), range);
    const byRpc = await tell(rpcOf(chain.rpcUrl), range);
    expect(byRpc).toEqual({ ...byPortal, blocks: byRpc.blocks });
    expect(byRpc.rows).toHaveLength([...chainFills(chain.universe)].length);
    expect(byRpc.findings).toEqual([]);
    expect([byRpc.blocks.first, byRpc.blocks.last]).toEqual([range.from, range.to]);
    expect(chain.stats().rpc.byCall).toMatchObject({ eth_chainId: 1, eth_getBlockByNumber: 2 });
  });

  test.each(LIMITED)('%s: whatever its limits and words, all rows', async (name) => {
    const known: RpcProfile = RPC_PROFILES[name];
    // Limits that a small universe meets; some are then stricter than their words.
    const profile: RpcProfile = {
      ...known,
      ...(known.maxBlocks === undefined ? {} : { maxBlocks: Math.min(known.maxBlocks, 100) }),
      ...(known.maxResults === undefined ? {} : { maxResults: 60 }),
      ...(known.maxBytes === undefined ? {} : { maxBytes: 60_000 }),
    };
    const chain = await start({ blocks: 300, fillsPerBlock: 1, rpc: { profile } });
    const { firstBlock, lastBlock } = chain.universe;
    const rpc = rpcOf(chain.rpcUrl);
    const told = await persist(rpc, { from: firstBlock, to: lastBlock });
    if (!('rows' in told)) throw new Error(told.message);
    expect(told.rows).toHaveLength([...chainFills(chain.universe)].length);
    expect(told.findings).toEqual([]);
  });

  test('where logs lack their time, headers are asked for in batches as large as the provider takes', async () => {
    for (const maxBatch of [100, 3]) {
      const chain = await start({ rpc: { profile: 'no-timestamps', maxBatch } });
      const { firstBlock, lastBlock } = chain.universe;
      const range = { from: firstBlock, to: lastBlock };
      const [byPortal, byRpc] = [await tell(portalOf(chain), range), await tell(rpcOf(chain.rpcUrl), range)];
      expect(byRpc.rows).toEqual(byPortal.rows);
    }
  });

  test('with all headers, every block names its parent', async () => {
    const chain = await start({ fillsPerBlock: 20 });
    const { firstBlock, lastBlock } = chain.universe;
    let parent: string | null = null;
    for await (const block of rpcOf(chain.rpcUrl, 'all').blocks({ from: firstBlock, to: lastBlock }, [
      { topic0: [] },
    ])) {
      expect(block.parentHash).not.toBeNull();
      if (parent !== null) expect(block.parentHash).toBe(parent);
      parent = block.hash;
    }
  });

  test('a single block, and a range without any logs, come with their headers', async () => {
    const chain = await start({ preludeBlocks: 300 });
    const { firstBlock } = chain.universe;
    const rpc = rpcOf(chain.rpcUrl);
    expect((await tell(rpc, { from: firstBlock + 9, to: firstBlock + 9 })).blocks.count).toBe(1);
    const empty = await tell(rpcOf(chain.rpcUrl), { from: firstBlock - 200, to: firstBlock - 101 });
    expect(empty).toMatchObject({ logs: 0, blocks: { first: firstBlock - 200, last: firstBlock - 101, count: 2 } });
  });
});

describe('a provider that is not to be trusted', () => {
  test('of another chain is refused', async () => {
    const chain = await start({ faults: [{ kind: 'wrong-chain', server: 'rpc' }] });
    const { lastBlock } = chain.universe;
    expect(await attempt(tell(rpcOf(chain.rpcUrl), { from: lastBlock, to: lastBlock }))).toMatchObject({
      kind: 'terminal',
      code: 'query_refused',
      message: expect.stringMatching(/^127\.0\.0\.1:\d+ serves chain 0x1, not 137/),
    });
  });

  test('that forgot old logs without a word is refused where they are asked for, and not above', async () => {
    const chain = await start({ blocks: 400, rpc: { profile: 'pruned' } });
    const { firstBlock, lastBlock } = chain.universe;
    const old = await attempt(tell(rpcOf(chain.rpcUrl), { from: firstBlock, to: firstBlock + 99 }));
    expect(old).toMatchObject({ kind: 'terminal', message: expect.stringContaining('it has forgotten it') });
    expect(await attempt(tell(rpcOf(chain.rpcUrl), { from: lastBlock - 99, to: lastBlock }))).toHaveProperty('rows');
  });

  test('that answers [] to everything is refused', async () => {
    const chain = await start({ faults: [{ kind: 'empty', server: 'rpc' }] });
    const { firstBlock, lastBlock } = chain.universe;
    expect(await attempt(tell(rpcOf(chain.rpcUrl), { from: firstBlock, to: lastBlock }))).toMatchObject({
      kind: 'terminal',
      message: expect.stringContaining('whose receipts have some'),
    });
  });

  test.each(['silent-truncation', 'empty'] as const)('%s of some answers: never a row less', async (kind) => {
    let caught = 0;
    for (let faultSeed = 1; faultSeed <= 4; faultSeed++) {
      const chain = await start({ blocks: 100, faultSeed, faults: [{ kind, rate: 0.3, server: 'rpc' }] });
      const { firstBlock, lastBlock } = chain.universe;
      const told = await persist(rpcOf(chain.rpcUrl), { from: firstBlock, to: lastBlock });
      if ('rows' in told)
        expect(told.rows, `faultSeed ${faultSeed}`).toHaveLength([...chainFills(chain.universe)].length);
      caught += chain.stats().rpc.faults[kind] ?? 0;
    }
    expect(caught).toBeGreaterThan(0);
  });

  test.each([
    ['throttled', 'throttled'],
    ['overloaded', 'throttled'],
    ['unavailable', 'transient'],
    ['server-error', 'transient'],
    ['cut', 'transient'],
    ['reset', 'transient'],
    ['header-not-found', 'transient'],
  ] as const)('%s is a failure that may pass', async (kind, expected) => {
    const chain = await start({ faults: [{ kind, server: 'rpc' }] });
    const { firstBlock } = chain.universe;
    const told = await attempt(tell(rpcOf(chain.rpcUrl), { from: firstBlock, to: firstBlock + 5 }));
    expect(told).toMatchObject({ kind: expected });
  });

  test('whose key is disabled is left out as long as there is another; its URL is never shown', async () => {
    const [dead, alive] = [await start({ rpc: { profile: 'dead' } }), await start()];
    const { firstBlock, lastBlock } = alive.universe;
    const key = 'a-key-that-nobody-may-see';
    const rpc = rpcOf([`${dead.rpcUrl}/${key}`, alive.rpcUrl]);
    const range = { from: firstBlock, to: lastBlock };
    const first = await attempt(tell(rpc, range));
    expect(first).toMatchObject({ kind: 'transient', message: expect.stringContaining('the next provider is asked') });
    for (let n = 0; n < 3; n++) expect(await attempt(tell(rpc, range))).toHaveProperty('rows');
    expect(rpc.refusals.map(({ failure }) => failure.code)).toEqual(['query_refused']);
    expect(JSON.stringify([first, rpc.refusals])).not.toContain(key);
    const alone = await attempt(tell(rpcOf(dead.rpcUrl), range));
    expect(alone).toMatchObject({ kind: 'terminal', message: expect.stringContaining('tenant disabled') });
  });
});

test('the finalized head is that of the slower provider', async () => {
  const [fast, slow] = [await start(), await start({ finalityLag: 30 })];
  const { lastBlock } = fast.universe;
  const head = await rpcOf([fast.rpcUrl, slow.rpcUrl]).finalizedHead();
  expect(head).toEqual({ number: lastBlock - 30, hash: slow.universe.blockHash(lastBlock - 30) });
  const beyond = await attempt(tell(rpcOf(fast.rpcUrl), { from: lastBlock, to: lastBlock + 5 }));
  expect(beyond).toMatchObject({ kind: 'transient', code: 'behind' });
});

test('an error that quotes the key of a URL is scrubbed', async () => {
  const key = 'k3y-of-a-provider';
  const server = createServer((request, response) => {
    request.resume();
    response.writeHead(400).end(`{"id":1,"error":{"code":-32600,"message":"bad request to ${request.url}"}}`);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  opened.push({ close: () => new Promise((resolve) => server.close(() => resolve())) });
  const rpc = rpcOf(`http://127.0.0.1:${(server.address() as AddressInfo).port}/v2/${key}`);
  const failure = await attempt(tell(rpc, { from: 1, to: 2 }));
  expect(failure).toMatchObject({ kind: 'terminal', message: expect.stringContaining('bad request to /v2/[secret]') });
});
