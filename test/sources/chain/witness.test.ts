import { afterEach, expect, test } from 'vitest';
import { type SimulatedChain, startChain } from '../../../src/simulator/chain/start.js';
import { EXCHANGES, filtersOf } from '../../../src/sources/chain/exchanges.js';
import { Portal } from '../../../src/sources/chain/portal.js';
import { Rpc } from '../../../src/sources/chain/rpc.js';
import { witness } from '../../../src/sources/chain/witness.js';
import { tell } from './chain-digest.js';

const opened: { close(): Promise<void> }[] = [];
afterEach(async () => {
  for (const each of opened.splice(0).reverse()) await each.close();
});

async function start() {
  const chain: SimulatedChain = await startChain({ seed: 9, blocks: 60, fillsPerBlock: 5, finalityLag: 0 });
  const portal = new Portal({ url: chain.portalUrl, connections: 1, silenceMs: 5_000 });
  const rpc = new Rpc({ endpoints: [{ url: chain.rpcUrl, connections: 1, silenceMs: 5_000 }] });
  opened.push(chain, portal, rpc);
  const range = { from: chain.universe.firstBlock, to: chain.universe.lastBlock };
  return { chain, portal, rpc, range };
}

const FILTERS = filtersOf(EXCHANGES);

test('two sources that tell the same have no differences, in either order', async () => {
  const { portal, rpc, range } = await start();
  const seen = await witness(portal, rpc, range, FILTERS);
  expect(seen).toEqual({ range, logs: (await tell(portal, range)).logs, differences: [] });
  expect(seen.logs).toBeGreaterThan(300);
  expect((await witness(rpc, portal, range, FILTERS)).differences).toEqual([]);
});

test('a transaction that is lost whole is invisible from inside, and named by the witness', async () => {
  const { chain, portal, rpc, range } = await start();
  const whole = await tell(portal, range);
  chain.setFaults([{ kind: 'lost-transaction', rate: 0.03, server: 'portal' }]);
  const told = await tell(portal, range);
  expect(told.logs).toBeLessThan(whole.logs);
  expect(told.findings).toEqual([]);
  const { differences, logs } = await witness(portal, rpc, range, FILTERS);
  const missing = differences.reduce((sum, each) => sum + each.witnessLogs - each.logs, 0);
  expect([logs, missing]).toEqual([told.logs, whole.logs - told.logs]);
  for (const { block } of differences) expect(block >= range.from && block <= range.to).toBe(true);
});

test('an amount that differs is a difference of equal counts', async () => {
  const { chain, portal, rpc, range } = await start();
  chain.setFaults([{ kind: 'altered-amount', rate: 0.02, server: 'rpc' }]);
  const { differences } = await witness(portal, rpc, range, FILTERS);
  expect(differences.length).toBeGreaterThan(0);
  for (const { logs, witnessLogs } of differences) expect(witnessLogs).toBe(logs);
});
