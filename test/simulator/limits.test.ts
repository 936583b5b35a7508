import { afterEach, describe, expect, it } from 'vitest';
import type { CostModel } from '../../src/simulator/cost.js';
import { type Simulator, type SimulatorOptions, startSimulator } from '../../src/simulator/server.js';
import { createSyntheticUniverse } from '../../src/simulator/synthetic/universe.js';
import { Throttle } from '../../src/simulator/throttle.js';
import { ask, raw, refusal } from './ask.js';

const universe = createSyntheticUniverse({ seed: 6, markets: 10, fills: 3_000 });
const QUERY = '{ orderFilledEvents(first: 2) { id } }';
const open: Simulator[] = [];
async function start(options: Partial<SimulatorOptions>): Promise<Simulator> {
  const source = await startSimulator({ universe, ...options });
  open.push(source);
  return source;
}
afterEach(async () => {
  for (const source of open.splice(0)) await source.close();
});

describe('the allowance', () => {
  function clocked(options: ConstructorParameters<typeof Throttle>[0]) {
    let now = 0;
    const throttle = new Throttle(options, () => now);
    return {
      throttle,
      /** How many of `count` requests at that time are allowed. */
      allowed: (atMs: number, count: number) => {
        now = atMs;
        return Array.from({ length: count }, () => throttle.refuse()).filter((refusal) => refusal === undefined).length;
      },
      refusal: (atMs: number) => {
        now = atMs;
        return throttle.refuse();
      },
    };
  }

  it('allows rps × 10 requests in each window of 10 seconds', () => {
    const { allowed, refusal } = clocked({ rps: 5 });
    expect(allowed(0, 60)).toBe(50);
    expect(refusal(3_200)).toEqual({ retryAfterSeconds: 7 });
    expect(allowed(9_999, 1)).toBe(0);
    expect(allowed(10_000, 60)).toBe(50);
    expect(allowed(20_001, 60)).toBe(50);
    expect(allowed(29_999, 1)).toBe(0);
    expect(allowed(30_000, 1)).toBe(1);
  });

  it('says how long to wait as it is told to', () => {
    for (const [retryAfter, expected] of [
      ['none', null],
      [10, 10],
      ['left', 10],
    ] as const) {
      const { allowed, refusal } = clocked({ rps: 1, retryAfter });
      expect(allowed(0, 10)).toBe(10);
      expect(refusal(500)).toEqual({ retryAfterSeconds: expected });
    }
  });

  it('as a bucket, gives one second at once and then a steady rate', () => {
    const { allowed } = clocked({ rps: 10, kind: 'bucket' });
    expect(allowed(0, 30)).toBe(0);
    expect(allowed(5_000, 30)).toBe(10);
    expect(allowed(5_500, 30)).toBe(5);
  });

  it('changes while running', () => {
    const { throttle, allowed } = clocked({ rps: 1 });
    expect(allowed(0, 20)).toBe(10);
    throttle.setRps(2);
    expect(allowed(1, 20)).toBe(10);
    throttle.setRps(0);
    expect(allowed(2, 99)).toBe(99);
  });

  it('answers 429 over HTTP, in plain text', async () => {
    const source = await start({ rps: 0.3 });
    const answers = await Promise.all(Array.from({ length: 5 }, () => raw(source.url, { query: QUERY })));
    expect(answers.map(({ status }) => status).sort()).toEqual([200, 200, 200, 429, 429]);
    const refused = answers.find(({ status }) => status === 429) as Response;
    expect(refused.headers.get('content-type')).toContain('text/plain');
    expect(Number(refused.headers.get('retry-after'))).toBeGreaterThan(0);
    expect(source.stats()).toMatchObject({ requests: 5, answered: 3, throttled: 2 });
    source.setRps(100);
    expect((await raw(source.url, { query: QUERY })).status).toBe(200);
  });
});

describe('time', () => {
  it('takes its latency, for many requests at once', async () => {
    const source = await start({ latencyMs: 150 });
    const began = performance.now();
    await Promise.all(Array.from({ length: 40 }, () => ask(source, QUERY)));
    const took = performance.now() - began;
    expect(took).toBeGreaterThan(145);
    expect(took).toBeLessThan(1_500);
    expect(source.stats().maxInFlight).toBeGreaterThan(20);
    source.setLatency(0);
    expect(source.stats().inFlight).toBe(0);
  });

  it('moves its head: what came later is not seen before', async () => {
    const source = await start({ headBlock: universe.firstBlock });
    expect((await ask(source, QUERY)).data.orderFilledEvents).toEqual([]);
    expect(await refusal(source, `{ orderbooks(block: {number: ${universe.lastBlock}}) { id } }`)).toContain(
      'has only indexed up to',
    );
    source.advanceHead(universe.lastBlock - universe.firstBlock);
    const { data } = await ask(source, `{ _meta { block { number } } orderFilledEvents(first: 1000) { id } }`);
    expect(data._meta.block.number).toBe(universe.lastBlock);
    expect(data.orderFilledEvents).toHaveLength(1000);
  });

  it('closes while requests are waiting', async () => {
    const source = await start({ latencyMs: 60_000 });
    const waiting = ask(source, QUERY).catch((error: Error) => error);
    while (source.stats().inFlight === 0) await new Promise((resolve) => setTimeout(resolve, 5));
    await source.close();
    expect(await waiting).toBeInstanceOf(Error);
  });
});

describe('the cost model', () => {
  const cost: CostModel = { scatteredRowMs: 1, orderedRowMs: 0.05 };
  const byId = '{ orderFilledEvents(first: 200, where: {id_gte: "0x1", id_lt: "0xf"}) { id } }';
  const byTime = '{ orderFilledEvents(first: 200, orderBy: timestamp, where: {timestamp_gt: "1"}) { id } }';
  async function took(source: Simulator, query: string): Promise<number> {
    await ask(source, query);
    const began = performance.now();
    expect((await ask(source, query)).data.orderFilledEvents).toHaveLength(200);
    return performance.now() - began;
  }

  it('makes scattered rows dear and rows in the order of the chain cheap', async () => {
    const source = await start({ cost });
    expect(await took(source, byId)).toBeGreaterThan(195);
    expect(await took(source, byTime)).toBeLessThan(150);
  });

  it('reads on behind a page without an upper bound', async () => {
    const counters = universe.counters(universe.lastBlock);
    const rows = Array.from({ length: counters.size }, (_, i) => counters.row(i)).sort((a, b) => b.buys - a.buys);
    const giant = rows[0] as (typeof rows)[0];
    const source = await start({
      cost: { scatteredRowMs: 0, orderedRowMs: 0, discardedRowMs: 1, budgetMs: giant.buys / 2 },
    });
    const open = `{ orderFilledEvents(first: 10, where: {takerAssetId: "${giant.token}"}) { id } }`;
    expect(await refusal(source, open)).toContain('canceling statement due to statement timeout');
    const bounded = open.replace('"}', '", id_lt: "0x2"}');
    expect((await ask(source, bounded)).data.orderFilledEvents).toHaveLength(10);
  });

  it('times out above a budget, and on pages that are asked too large', async () => {
    const source = await start({ cost: { ...cost, budgetMs: 100 } });
    expect(await refusal(source, byId)).toContain('canceling statement due to statement timeout');
    source.setCost({ ...cost, maxFirst: 100 });
    expect(await refusal(source, byTime)).toContain('canceling statement due to statement timeout');
    expect((await ask(source, byTime.replace('200', '100'))).data.orderFilledEvents).toHaveLength(100);
  });
});
