import { existsSync, readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { FILLS_COLUMNS } from '../../../../src/clickhouse/tables.js';
import { writeFillRow } from '../../../../src/datasets/fills/chain/fill-row.js';
import { FILL, FILL_BYTES } from '../../../../src/datasets/fills/table.js';
import { EVENT, ExchangeEvents } from '../../../../src/sources/chain/exchange-events.js';
import { EXCHANGES } from '../../../../src/sources/chain/exchanges.js';
import { Logs, type LogText, writeLogs } from '../../../../src/sources/chain/logs.js';
import { MatchProof } from '../../../../src/sources/chain/matches.js';
import { StrangerCounts } from '../../../../src/sources/chain/strangers.js';
import { type FillMeant, MatchMaker, makeBlock } from '../../../sources/chain/make-matches.js';
import { randomFrom, testSeed } from '../../../support/random.js';

function eventsOf(logs: readonly LogText[]): ExchangeEvents {
  const table = new Logs();
  writeLogs(table, logs);
  const events = new ExchangeEvents(table);
  events.decode(table);
  return events;
}

/** A row read back column by column, in the order of the table. */
function readRow(row: Buffer) {
  const hex = (at: number, length: number) => `0x${row.subarray(at, at + length).toString('hex')}`;
  const { tokenId } = FILL;
  return {
    txHash: hex(FILL.txHash, 32),
    orderHash: hex(FILL.orderHash, 32),
    blockTime: row.readUInt32LE(FILL.blockTime),
    wallet: hex(FILL.wallet, 20),
    counterparty: hex(FILL.counterparty, 20),
    token: BigInt(
      `0x${Buffer.from(row.subarray(tokenId, tokenId + 32))
        .reverse()
        .toString('hex')}`,
    ),
    side: row.readInt8(FILL.side),
    shares: row.readBigInt64LE(FILL.shares),
    usdc: row.readBigInt64LE(FILL.usdc),
    fee: row.readBigInt64LE(FILL.fee),
    exchange: EXCHANGES.find(({ enumValue }) => enumValue === row.readInt8(FILL.exchange))?.name,
    blockNumber: row.readUInt32LE(FILL.blockNumber),
    logIndex: row.readInt32LE(FILL.logIndex),
  };
}

function rowOf(events: ExchangeEvents, i: number): ReturnType<typeof readRow> | string {
  const row = Buffer.alloc(FILL_BYTES + 10, 0xee);
  const reason = writeFillRow(row, 5, events, i, 90_000_000, 1_780_000_000);
  expect([...row.subarray(0, 5), ...row.subarray(-5)]).toEqual(new Array(10).fill(0xee));
  return reason ?? readRow(row.subarray(5, 5 + FILL_BYTES));
}

test('every fill of every generation becomes the row it means', () => {
  const maker = new MatchMaker(randomFrom(testSeed()));
  const matches = makeBlock(maker, EXCHANGES, 100);
  const events = eventsOf(matches.flatMap(({ logs }) => logs));
  const meant = matches.flatMap(({ fills, logs }) => {
    const fillLogs = logs.filter(({ event }) => event === 'fill' || event === 'aggressor');
    return fills.map((fill, n) => ({ fill, log: fillLogs[n] as LogText }));
  });
  let n = 0;
  for (let i = 0; i < events.count; i++) {
    if (events.kind[i] !== EVENT.fill) continue;
    const { fill, log } = meant[n++] as { fill: FillMeant; log: LogText };
    const isBuy = fill.side === 'BUY';
    expect(rowOf(events, i)).toEqual({
      txHash: log.transactionHash,
      orderHash: fill.orderHash,
      blockTime: 1_780_000_000,
      wallet: fill.maker,
      counterparty: fill.taker,
      token: fill.token,
      side: isBuy ? 1 : 2,
      shares: isBuy ? fill.takerAmount : fill.makerAmount,
      usdc: isBuy ? fill.makerAmount : fill.takerAmount,
      fee: fill.fee,
      exchange: fill.exchange,
      blockNumber: 90_000_000,
      logIndex: log.logIndex,
    });
  }
  expect(n).toBe(meant.length);
});

test('every exchange is a value of the table’s enum', () => {
  const type = FILLS_COLUMNS.find(({ name }) => name === 'exchange')?.type;
  for (const { name, enumValue } of EXCHANGES) expect(type).toContain(`'${name}' = ${enumValue}`);
});

/** A log with words of its data replaced. */
function withWords(log: LogText, words: Readonly<Record<number, bigint>>): LogText {
  let { data } = log;
  for (const [place, value] of Object.entries(words)) {
    const at = 2 + Number(place) * 64;
    data = `${data.slice(0, at)}${value.toString(16).padStart(64, '0')}${data.slice(at + 64)}`;
  }
  return { ...log, data };
}

const LIMIT = 10n ** 18n;

test('amounts up to 10^18−1 are written, from 10^18 on they are refused by name, as are values that mean nothing', () => {
  const maker = new MatchMaker(randomFrom(testSeed()));
  const cases: [generation: number, words: Record<number, bigint>, expected: string | bigint][] = [
    [2, { 0: 0n, 2: LIMIT - 1n }, LIMIT - 1n],
    [2, { 0: 0n, 2: LIMIT }, 'usdc'],
    [2, { 0: 1n, 2: LIMIT }, 'shares'],
    [2, { 0: 0n, 3: 2n ** 63n }, 'shares'],
    [2, { 0: 1n, 3: 2n ** 64n }, 'usdc'],
    [2, { 4: 2n ** 255n }, 'fee'],
    [2, { 0: 2n }, 'side'],
    [2, { 0: 2n ** 32n }, 'side'],
    [2, { 0: 2n ** 255n }, 'side'],
    [3, { 1: 0n }, 'token'],
    [1, { 0: 0n, 1: 0n }, 'asset_both_zero'],
    [1, { 0: 5n, 1: 7n }, 'asset_neither_zero'],
    [1, { 0: 0n, 1: 7n, 2: LIMIT }, 'usdc'],
    [1, { 0: 7n, 1: 0n, 2: LIMIT }, 'shares'],
  ];
  for (const [generation, words, expected] of cases) {
    const exchange = EXCHANGES.find((known) => known.generation === generation);
    if (exchange === undefined) throw new Error(`no exchange of generation ${generation}`);
    const { logs } = maker.match(exchange, maker.nextTransaction(), 'complementary');
    const at = logs.findIndex(({ event }) => event === 'fill');
    const events = eventsOf(logs.map((log, i) => (i === at ? withWords(log, words) : log)));
    const i = events.kind.indexOf(EVENT.fill);
    const row = rowOf(events, i);
    expect(typeof row === 'string' ? row : row.usdc, JSON.stringify(Object.keys(words))).toBe(expected);
    // Whatever cannot be read cannot be proved.
    const proof = new MatchProof();
    proof.check(1, events);
    expect(proof.findings.length).toBeGreaterThan(0);
  }
});

test('an address that is none, or a log of another length, is no answer', () => {
  const maker = new MatchMaker(randomFrom(testSeed()));
  const exchange = EXCHANGES[3] as (typeof EXCHANGES)[number];
  const { logs } = maker.match(exchange, maker.nextTransaction(), 'complementary');
  const log = logs.find(({ event }) => event === 'fill') as LogText;
  const topics = log.topics.map((topic, n) => (n === 2 ? `0x1${topic.slice(3)}` : topic));
  expect(() => rowOf(eventsOf([{ ...log, topics }]), 0)).toThrow('a log that no exchange can have emitted');
  expect(() => eventsOf([{ ...log, data: log.data.slice(0, -64) }])).toThrow('a log that no exchange can have emitted');
  expect(() => eventsOf([{ ...log, topics: log.topics.slice(0, 3) }])).toThrow('no exchange can have emitted');
});

test('strangers and V3 modules without a name are counted by what they are', () => {
  const maker = new MatchMaker(randomFrom(testSeed()));
  const v3 = EXCHANGES[5] as (typeof EXCHANGES)[number];
  const { logs } = maker.match(v3, maker.nextTransaction(), 'complementary');
  const known = new StrangerCounts();
  known.countModules(1, eventsOf(logs));
  expect(known.strangers).toEqual([]);

  const fills = logs.filter(({ event }) => event === 'fill' || event === 'aggressor');
  const modules = new StrangerCounts();
  const token = BigInt(`0x${(fills[0] as LogText).data.slice(66, 130)}`);
  const ofModule = (module: bigint) => (token & (2n ** 248n - 1n)) | (module << 248n);
  for (const words of [{ 1: ofModule(4n) }, { 1: ofModule(4n) }, { 1: ofModule(0n) }, { 1: token | (1n << 60n) }]) {
    modules.countModules(9, eventsOf([withWords(fills[0] as LogText, words)]));
  }
  const first = { block: 9, logIndex: fills[0]?.logIndex, transactionHash: fills[0]?.transactionHash };
  expect(modules.strangers.slice(0, 2)).toEqual([
    { kind: 'v3_module', name: '0x04', count: 2, ...first },
    { kind: 'v3_module', name: '0x00', count: 1, ...first },
  ]);
  expect(modules.strangers).toHaveLength(3);

  const strangers = new StrangerCounts();
  const address = maker.hex(40);
  const table = new Logs();
  writeLogs(
    table,
    logs.map((log) => ({ ...log, address })),
  );
  strangers.countEmitters(9, table);
  expect(strangers.strangers.map(({ kind, name, count }) => [kind, name, count])).toEqual([
    ['address', address, fills.length],
  ]);
  const events = new ExchangeEvents(table);
  events.decode(table);
  expect([events.count, events.strangers]).toEqual([0, logs.length]);
});

const RECORDED = new URL('../../../../../shared/data/chain_logs.ndjson', import.meta.url);

test.skipIf(!existsSync(RECORDED))('the recorded logs of the real exchanges are decoded field by field', () => {
  const recorded = readFileSync(RECORDED, 'utf8')
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line) as Record<string, string> & { topics: string[] });
  const logs = recorded
    .filter(({ address }) => EXCHANGES.some((exchange) => exchange.address === address))
    .map(
      ({ address, topics, data, transactionHash, transactionIndex, logIndex }): LogText => ({
        address: address as string,
        topics,
        data: data as string,
        transactionHash: transactionHash as string,
        transactionIndex: Number(transactionIndex ?? 0),
        logIndex: Number(logIndex),
      }),
    );
  expect(logs).toHaveLength(15);
  const rows = logs.flatMap((log) => {
    const events = eventsOf([log]);
    expect(events.count).toBe(1);
    return events.kind[0] === EVENT.fill ? [rowOf(events, 0)] : [];
  });
  expect(rows).toHaveLength(12);
  const read = rows.map((row) => {
    if (typeof row === 'string') throw new Error(row);
    return [row.exchange, row.logIndex, row.side === 1 ? 'BUY' : 'SELL', row.shares, row.usdc, row.fee];
  });
  expect(read).toEqual([
    ['v2_ctf', 394, 'BUY', 2_560_000n, 2_355_200n, 0n],
    ['v2_ctf', 397, 'SELL', 2_560_000n, 2_355_200n, 13_180n],
    ['v2_ctf', 1350, 'SELL', 6_000_000n, 2_880_000n, 104_830n],
    ['v2_ctf', 838, 'BUY', 9_451_729_165n, 4_536_829_999n, 117_957_570n],
    ['v2_ctf', 812, 'BUY', 355_160_000n, 184_683_200n, 0n],
    ['v2_neg_risk', 979, 'BUY', 261_000_000n, 234_660_000n, 1_184_080n],
    ['v2_neg_risk', 159, 'SELL', 260_430_000n, 247_483_630n, 492_110n],
    ['v2_ctf', 533, 'SELL', 4_180_000n, 3_929_200n, 0n],
    ['v1_ctf', 1357, 'BUY', 17_700_000n, 7_434_000n, 1_770_000n],
    ['v1_neg_risk', 25, 'SELL', 10_000_000n, 3_300_000n, 0n],
    ['v1_neg_risk', 27, 'BUY', 10_000_000n, 3_300_000n, 0n],
    ['v2_ctf', 977, 'BUY', 6_493_505n, 4_493_506n, 0n],
  ]);
  // The one transaction that was recorded whole closes.
  const whole = logs.filter(({ transactionHash }) => transactionHash.startsWith('0x73ca58d5'));
  const proof = new MatchProof();
  proof.check(51_870_164, eventsOf(whole));
  expect([whole.length, proof.findings, proof.totals.matches]).toEqual([3, [], 1]);
});
