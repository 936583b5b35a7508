import { afterAll, beforeAll, expect, test } from 'vitest';
import { FILL } from '../../../src/datasets/fills/table.js';
import { type SimulatedChain, startChain } from '../../../src/simulator/chain/start.js';
import { Portal } from '../../../src/sources/chain/portal.js';
import { Rpc } from '../../../src/sources/chain/rpc.js';
import { type Anvil, replay, startAnvil } from '../../support/anvil.js';
import { tell } from './chain-digest.js';

let chain: SimulatedChain;
let anvil: Anvil;
let transactions: Map<string, string>;
let range: { from: number; to: number };
let rpcs: Rpc[];
let portal: Portal;

beforeAll(async () => {
  chain = await startChain({
    seed: 7,
    blocks: 12,
    fillsPerBlock: 9,
    preludeBlocks: 24,
    conditions: 16,
    finalityLag: 0,
    v3FromBlock: 0,
  });
  const { universe } = chain;
  range = { from: universe.firstBlock, to: universe.lastBlock };
  anvil = await startAnvil({ block: range.from - 1, time: universe.timeOf(range.from - 1) });
  transactions = await replay(anvil, universe, range.from, range.to);
  rpcs = [anvil.url, chain.rpcUrl].map((url) => new Rpc({ endpoints: [{ url, connections: 2, silenceMs: 10_000 }] }));
  portal = new Portal({ url: chain.portalUrl, connections: 1, silenceMs: 10_000 });
});
afterAll(async () => {
  await Promise.all([...(rpcs ?? []), portal].map((each) => each?.close()));
  await anvil?.stop();
  await chain?.close();
});

test('a real node, a simulated one and the portal give identical rows, and every match closes', async () => {
  const [real, simulated] = rpcs as [Rpc, Rpc];
  const [byAnvil, byRpc, byPortal] = [await tell(real, range), await tell(simulated, range), await tell(portal, range)];
  expect(byPortal.rows.length).toBeGreaterThan(60);
  expect(byRpc.rows).toEqual(byPortal.rows);
  // A transaction's hash is the node's own; all else is the same, to the byte. Row by row, so that a difference can be read.
  const mined = (row: string) => {
    const [hash, rest] = [row.slice(2 * FILL.txHash, 2 * FILL.orderHash), row.slice(2 * FILL.orderHash)];
    return (transactions.get(`0x${hash}`) ?? hash).slice(2) + rest;
  };
  for (const [i, row] of byPortal.rows.entries()) expect(byAnvil.rows[i]).toBe(mined(row));
  expect(byAnvil.rows).toHaveLength(byPortal.rows.length);
  for (const { findings } of [byAnvil, byRpc, byPortal]) expect(findings).toEqual([]);
});

test('a real node’s answers are read without JSON.parse, and its finalized head is known', async () => {
  const [real] = rpcs as [Rpc, Rpc];
  expect(real.figures.checkedAnswers).toBe(0);
  expect((await real.finalizedHead()).hash).toMatch(/^0x[0-9a-f]{64}$/);
});
