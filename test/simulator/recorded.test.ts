import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createRecordedUniverse, readRecordedConditions, readRecordedEvents } from '../../src/simulator/recorded.js';
import { type Simulator, startSimulator } from '../../src/simulator/server.js';
import type { Fill } from '../../src/simulator/universe.js';
import { ask } from './ask.js';

const EVENTS = new URL('./fixtures/order_filled_events.ndjson', import.meta.url).pathname;
const CONDITIONS = new URL('./fixtures/order_conditions.ndjson', import.meta.url).pathname;

describe('recorded events', () => {
  let source: Simulator;
  beforeAll(async () => {
    const [events, conditions] = [await readRecordedEvents(EVENTS), await readRecordedConditions(CONDITIONS)];
    source = await startSimulator({ universe: createRecordedUniverse({ events, conditions }) });
  });
  afterAll(() => source.close());

  it('serves the 123 real fills, without the notes', async () => {
    const { data } = await ask(source, '{ orderFilledEvents(first: 1000) { id maker fee } }');
    expect(data.orderFilledEvents).toHaveLength(123);
    expect(Object.keys(source.universe.fills(source.head())[Symbol.iterator]().next().value as Fill)).toHaveLength(11);
  });

  it('counts what it serves: the known position sums to 33894.328603 shares', async () => {
    const { data } = await ask(
      source,
      '{ orderbooks(first: 1000) { id buysQuantity sellsQuantity tradesQuantity collateralBuyVolume } orderFilledEvents(first: 1000, where: {makerAssetId: "0"}) { takerAssetId takerAmountFilled makerAmountFilled } }',
    );
    const book = data.orderbooks.find(({ id }: { id: string }) => id.startsWith('10171926'));
    const rows = data.orderFilledEvents.filter((row: Fill) => row.takerAssetId === book.id);
    expect(rows).toHaveLength(Number(book.buysQuantity));
    expect(rows.reduce((sum: bigint, row: Fill) => sum + BigInt(row.takerAmountFilled), 0n)).toBe(33_894_328_603n);
    expect(String(rows.reduce((sum: bigint, row: Fill) => sum + BigInt(row.makerAmountFilled), 0n))).toBe(
      book.collateralBuyVolume,
    );
  });

  it('knows the conditions of tokens that were seen, and none in full', async () => {
    const { data } = await ask(source, '{ marketDatas(first: 1000) { id condition outcomeIndex } }');
    expect(data.marketDatas.length).toBeGreaterThanOrEqual(14);
    expect(data.marketDatas[0].outcomeIndex).toBeNull();
    expect((await ask(source, '{ conditions { id } }', {}, 'pnlUrl')).data.conditions).toEqual([]);
  });
});

describe('events in memory', () => {
  const base: Fill = {
    id: `0x${'a'.repeat(64)}_0x${'b'.repeat(64)}`,
    transactionHash: `0x${'a'.repeat(64)}`,
    timestamp: '1700000000',
    orderHash: `0x${'b'.repeat(64)}`,
    maker: `0x${'1'.repeat(40)}`,
    taker: `0x${'2'.repeat(40)}`,
    makerAssetId: '0',
    takerAssetId: '777',
    makerAmountFilled: '5',
    takerAmountFilled: '10',
    fee: '0',
  };

  it('serves malformed rows as they are, and counts those that can be counted', async () => {
    const events: Fill[] = [
      { ...base, id: 'no id at all', makerAmountFilled: '-5' },
      { ...base, id: '0xZZ', makerAmountFilled: 'NaN', timestamp: 'soon' },
      { ...base, id: 'both', takerAssetId: '0' },
    ];
    const source = await startSimulator({ universe: createRecordedUniverse({ events }) });
    try {
      const { data } = await ask(
        source,
        '{ orderFilledEvents { id makerAmountFilled timestamp } orderbooks { id buysQuantity collateralBuyVolume } }',
      );
      expect(data.orderFilledEvents.map((row: Fill) => row.id)).toEqual(['0xZZ', 'both', 'no id at all']);
      expect(data.orderbooks).toEqual([
        { id: '0', buysQuantity: '1', collateralBuyVolume: '5' },
        { id: '777', buysQuantity: '2', collateralBuyVolume: '-5' },
      ]);
      expect(
        (await ask(source, '{ orderFilledEvents(where: {makerAmountFilled_gt: "0", timestamp_gte: "1"}) { id } }'))
          .errors,
      ).toBeUndefined();
    } finally {
      await source.close();
    }
  });

  it('keeps one entity of an id that comes twice, the later one, and counts both', () => {
    const universe = createRecordedUniverse({ events: [base, { ...base, makerAmountFilled: '6' }] });
    expect([...universe.fills(universe.lastBlock)].map((fill) => fill.makerAmountFilled)).toEqual(['6']);
    expect(universe.counters(universe.lastBlock).row(0)).toMatchObject({ buys: 2, buyVolume: 11n });
  });

  it('takes counters that differ, and conditions in full with the block that resolved them', () => {
    const universe = createRecordedUniverse({
      events: [{ ...base, block: 100 }],
      counters: [
        { token: '777', buys: 9 },
        { token: '888', sells: 1 },
      ],
      conditions: [
        {
          id: '0xc',
          positionIds: ['777', '888'],
          payoutNumerators: ['1', '0'],
          payoutDenominator: '1',
          block: 50,
          resolvedBlock: 200,
        },
      ],
      lastBlock: 300,
    });
    expect(universe.counters(300).row(0)).toMatchObject({ token: '777', buys: 9, buyVolume: 5n });
    expect(universe.counters(300).row(1)).toMatchObject({ token: '888', sells: 1 });
    expect(universe.conditions(40).size).toBe(0);
    expect(universe.conditions(150).row(0)).toMatchObject({ payoutNumerators: [], payoutDenominator: '0' });
    expect(universe.conditions(200).row(0)).toMatchObject({ payoutNumerators: ['1', '0'], payoutDenominator: '1' });
    expect([...universe.fills(99)]).toEqual([]);
    expect(universe.marketDatas(300).size).toBe(2);
  });

  it('names the line of a file that is not what it should be', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'recorded-'));
    try {
      const file = join(folder, 'events.ndjson');
      await writeFile(file, `${JSON.stringify(base)}\n{"id": 5}\n`);
      await expect(readRecordedEvents(file)).rejects.toThrow(`${file}:2: an event needs the text field "id"`);
      await writeFile(file, `\n[1]\n`);
      await expect(readRecordedEvents(file)).rejects.toThrow(`${file}:2: not a line of NDJSON`);
      await writeFile(file, `{"conditionId": "0x1"}\n`);
      await expect(readRecordedConditions(file)).rejects.toThrow(`${file}:1: a condition needs`);
    } finally {
      await rm(folder, { recursive: true });
    }
  });
});
