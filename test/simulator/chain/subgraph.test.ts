import { expect, it } from 'vitest';

import { subgraphOf } from '../../../src/simulator/chain/subgraph.js';
import { chainConditions, chainFills } from '../../../src/simulator/chain/truth.js';
import { ChainUniverse } from '../../../src/simulator/chain/universe.js';
import { allFills, isBuy, tokenOf, tokenTotals } from '../../../src/simulator/truth.js';

const chain = new ChainUniverse({ seed: 61, blocks: 800, fillsPerBlock: 6, doubleFillRate: 0.02 });
const subgraph = subgraphOf(chain);
const v1 = [...chainFills(chain)].filter(({ exchange }) => exchange.startsWith('v1'));

it('the subgraph serves the first generation of the chain, an order that filled twice in a transaction once', () => {
  const byId = new Map(v1.map((fill) => [`${fill.txHash}_${fill.orderHash}`, fill]));
  expect(byId.size).toBeLessThan(v1.length);
  const served = allFills(subgraph);
  expect(served).toHaveLength(byId.size);
  for (const event of served) {
    const fill = byId.get(event.id);
    expect({
      wallet: event.maker,
      counterparty: event.taker,
      token: tokenOf(event),
      side: isBuy(event) ? 'BUY' : 'SELL',
      given: event.makerAmountFilled,
      taken: event.takerAmountFilled,
      fee: event.fee,
      time: Number(event.timestamp),
    }).toEqual({
      wallet: fill?.wallet,
      counterparty: fill?.counterparty,
      token: fill?.token,
      side: fill?.side,
      given: String(fill?.side === 'BUY' ? fill.usdc : fill?.shares),
      taken: String(fill?.side === 'BUY' ? fill.shares : fill?.usdc),
      fee: String(fill?.fee),
      time: fill?.time,
    });
  }
});

it('its counters count both fills of an order that filled twice', () => {
  const counted = tokenTotals(subgraph).reduce(
    (sum, { counted: { buys, sells } }) => sum + buys.fills + sells.fills,
    0,
  );
  expect(counted).toBe(v1.length);
});

it('it froze with the end of V1: what was prepared or resolved later it does not know', () => {
  const end = chain.rates.v1LastBlock;
  const frozen = subgraph.conditions(subgraph.lastBlock);
  const rows = new Map(Array.from({ length: frozen.size }, (_, i) => frozen.row(i)).map((row) => [row.id, row]));
  const now = chainConditions(chain).filter(({ tokens, kind }) => tokens.length === 2 && !kind.startsWith('v3'));
  expect(now.some(({ preparedBlock }) => preparedBlock > end)).toBe(true);
  let late = 0;
  for (const { id, tokens, preparedBlock, resolvedBlock, numerators } of now) {
    const row = rows.get(id);
    expect(row?.positionIds).toEqual(preparedBlock <= end ? tokens : undefined);
    if (!row || resolvedBlock === undefined) continue;
    expect(row.payoutNumerators).toEqual(resolvedBlock <= end ? numerators.map(String) : []);
    if (resolvedBlock > end) late++;
  }
  expect(late).toBeGreaterThan(0);
});

it('wallets and conditions of V1 go on in V2', () => {
  const v2 = [...chainFills(chain)].filter(({ exchange }) => exchange.startsWith('v2'));
  const [wallets, tokens] = [new Set(v1.map(({ wallet }) => wallet)), new Set(v1.map(({ token }) => token))];
  expect(v2.filter(({ wallet }) => wallets.has(wallet)).length).toBeGreaterThan(v2.length / 2);
  expect(v2.filter(({ token, block }) => tokens.has(token) && block > chain.rates.v1LastBlock).length).toBeGreaterThan(
    100,
  );
});
