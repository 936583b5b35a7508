import { afterEach, expect, test } from 'vitest';
import type { FailureError } from '../../../../src/core/failure.js';
import { type ChainBatch, ChainReader, type ChainRest } from '../../../../src/datasets/fills/chain/chain-reader.js';
import { FILL, FILL_BYTES } from '../../../../src/datasets/fills/table.js';
import { type SimulatedChain, startChain } from '../../../../src/simulator/chain/start.js';
import { chainFills } from '../../../../src/simulator/chain/truth.js';
import type { ChainSource } from '../../../../src/sources/chain/chain-source.js';
import { EXCHANGES, filtersOf } from '../../../../src/sources/chain/exchanges.js';
import { Portal } from '../../../../src/sources/chain/portal.js';
import { Rpc } from '../../../../src/sources/chain/rpc.js';

const opened: { close(): Promise<void> }[] = [];
afterEach(async () => {
  for (const each of opened.splice(0).reverse()) await each.close();
});

const FILTERS = filtersOf(EXCHANGES);

async function start(): Promise<{ chain: SimulatedChain; rest: ChainRest; portal: Portal; rpc: Rpc }> {
  const chain = await startChain({ seed: 21, blocks: 60, fillsPerBlock: 40, finalityLag: 0 });
  const portal = new Portal({ url: chain.portalUrl, connections: 1, silenceMs: 5_000 });
  const rpc = new Rpc({ endpoints: [{ url: chain.rpcUrl, connections: 1, silenceMs: 5_000 }] });
  opened.push(chain, portal, rpc);
  return {
    chain,
    portal,
    rpc,
    rest: { from: chain.universe.firstBlock, to: chain.universe.lastBlock, parentHash: null },
  };
}

/** A batch that only keeps its rows. */
class Rows implements ChainBatch {
  readonly #row = new Uint8Array(FILL_BYTES);
  readonly kept: string[] = [];
  readonly nextByte = 0;
  get rows(): number {
    return this.kept.length;
  }
  ensureRoom(): Uint8Array {
    return this.#row;
  }
  commit(): void {
    this.kept.push(Buffer.from(this.#row).toString('hex'));
  }
}

/** Appends every part; stops after `parts`, and tells what is left. */
async function read(source: ChainSource, rest: ChainRest, size: number, parts = Number.POSITIVE_INFINITY) {
  const batch = new Rows();
  let left: ChainRest | null = rest;
  let n = 0;
  const ask = { ordinal: 0, pin: null, size, signal: new AbortController().signal };
  for await (const part of new ChainReader(source, FILTERS).read(rest, ask)) {
    const before = batch.rows;
    expect(part.append(batch)).toEqual([]);
    expect(batch.rows - before).toBe(part.rows);
    left = part.rest;
    if (++n >= parts) break;
  }
  return { rows: batch.kept, left, parts: n };
}

test('a unit gives all its rows, whatever the size of a request and the transport', async () => {
  const { chain, portal, rpc, rest } = await start();
  const whole = await read(portal, rest, 1_000);
  expect(whole.left).toBeNull();
  expect(whole.parts).toBeGreaterThan(1);
  expect(whole.rows).toHaveLength([...chainFills(chain.universe)].length);
  for (const [source, size] of [
    [portal, 7],
    [rpc, 1_000],
    [rpc, 30],
  ] as const) {
    expect(await read(source, rest, size)).toMatchObject({ rows: whole.rows, left: null });
  }
});

test('what is left after any part gives the rest, no row twice', async () => {
  const { portal, rest } = await start();
  const { rows } = await read(portal, rest, 20);
  for (const parts of [1, 2]) {
    const first = await read(portal, rest, 20, parts);
    expect(first.left?.parentHash).toMatch(/^0x/);
    const second = await read(portal, first.left as ChainRest, 50);
    expect([...first.rows, ...second.rows]).toEqual(rows);
  }
});

test('another chain behind a rest is refused', async () => {
  const { portal, rest } = await start();
  const { left } = await read(portal, rest, 20, 1);
  const other = { ...(left as ChainRest), parentHash: `0x${'ab'.repeat(32)}` };
  await expect(read(portal, other, 20)).rejects.toMatchObject({ failure: { code: 'reorganized' } });
});

test.each(['lost-log', 'altered-amount'] as const)(
  '%s: no row of the block is handed out, and where is said',
  async (kind) => {
    const { chain, portal, rest } = await start();
    const block = rest.from + 35;
    chain.setFaults([
      { kind, blocks: { from: block, to: block }, events: ['order_filled'], rate: 0.2, server: 'portal' },
    ]);
    const batch = new Rows();
    const ask = { ordinal: 0, pin: null, size: 10, signal: new AbortController().signal };
    let failure: FailureError['failure'] | undefined;
    try {
      for await (const part of new ChainReader(portal, FILTERS).read(rest, ask)) part.append(batch);
    } catch (error) {
      failure = (error as FailureError).failure;
    }
    expect(failure).toMatchObject({
      kind: 'transient',
      code: 'bad_page',
      message: expect.stringContaining(`in block ${block}, transaction 0x`),
    });
    const numbers = batch.kept.map((row) => Buffer.from(row, 'hex').readUInt32LE(FILL.blockNumber));
    expect(Math.max(...numbers)).toBeLessThan(block);
  },
);
