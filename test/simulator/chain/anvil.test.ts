import { afterAll, beforeAll, expect, it } from 'vitest';

import { EMITTERS } from '../../../src/simulator/chain/contracts.js';
import { RecordedChain } from '../../../src/simulator/chain/recorded.js';
import { type SimulatedChain, serveChain, startChain } from '../../../src/simulator/chain/start.js';
import { chainFills } from '../../../src/simulator/chain/truth.js';
import { type Anvil, replay, startAnvil } from '../../support/anvil.js';
import {
  decodedFill,
  hex,
  logsOf,
  type PlainLog,
  plainOf,
  portalLines,
  portalQuery,
  type RpcLog,
  saidOf,
} from './read.js';

let chain: SimulatedChain;
let anvil: Anvil;
let from: number;
let to: number;
let transactions: Map<string, string>;
let mined: RpcLog[];

beforeAll(async () => {
  // Three generations within a few blocks: V1 ends in the middle.
  chain = await startChain({
    seed: 51,
    blocks: 24,
    fillsPerBlock: 9,
    preludeBlocks: 24,
    conditions: 16,
    finalityLag: 0,
    v3FromBlock: 0,
  });
  const { universe } = chain;
  from = universe.firstBlock - 4;
  to = universe.lastBlock;
  anvil = await startAnvil({ block: from - 1, time: universe.timeOf(from - 1) });
  transactions = await replay(anvil, universe, from, to);
  const address = EMITTERS.slice(0, -1).map((emitter) => emitter.address);
  mined = await anvil.call<RpcLog[]>('eth_getLogs', { fromBlock: hex(from), toBlock: hex(to), address });
});
afterAll(async () => {
  await anvil?.stop();
  await chain?.close();
});

/** Hashes are the node's own; all else must be the universe's. */
const known = ({ transactionIndex: _, ...log }: PlainLog) => ({
  ...log,
  transactionHash: transactions.get(log.transactionHash) ?? log.transactionHash,
});

it('a real node holds the logs of the universe: same blocks, times, log indexes, topics and data', async () => {
  const expected = logsOf(await portalLines(chain, portalQuery(from, to)));
  expect(expected.length).toBeGreaterThan(250);
  expect(mined.map(plainOf).map(known)).toEqual(expected.map(known));
  for (const { blockNumber, blockTimestamp } of mined) {
    expect(Number(blockTimestamp)).toBe(chain.universe.timeOf(Number(blockNumber)));
  }
  expect(new Set(expected.map(({ address }) => address)).size).toBeGreaterThan(7);
});

it('its fills are the fills that the universe knows', () => {
  const fills = [...chainFills(chain.universe)].map((fill) => ({
    ...saidOf(fill),
    txHash: transactions.get(fill.txHash),
  }));
  expect(mined.map(plainOf).flatMap((log) => decodedFill(log) ?? [])).toEqual(fills);
});

it('what the node mined, served by the portal, is what the node itself answers', async () => {
  const served = await serveChain(new RecordedChain(mined), { headBlock: to, finalityLag: 2 });
  try {
    const lines = await portalLines(served, portalQuery(from, to));
    expect(lines.at(-1)?.header.number).toBe(to - 2);
    expect(logsOf(lines)).toEqual(mined.map(plainOf).filter(({ block }) => block <= to - 2));
    const block = await anvil.call<{ hash: string; timestamp: string }>('eth_getBlockByNumber', hex(to - 2), false);
    expect(lines.at(-1)?.header).toMatchObject({ hash: block.hash, timestamp: Number(block.timestamp) });
  } finally {
    await served.close();
  }
});

it('the node is chain 137, knows finality, and gives receipts', async () => {
  expect(await anvil.call('eth_chainId')).toBe('0x89');
  expect(Number((await anvil.call<{ number: string }>('eth_getBlockByNumber', 'finalized', false)).number)).toBe(
    to - 2,
  );
  const receipts = await anvil.call<{ logs: RpcLog[] }[]>('eth_getBlockReceipts', hex(to));
  const inBlock = mined.filter(({ blockNumber }) => Number(blockNumber) === to).map(plainOf);
  expect(receipts.flatMap(({ logs }) => logs).map(plainOf)).toEqual(expect.arrayContaining(inBlock));
});
