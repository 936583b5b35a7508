import { expect, test } from 'vitest';
import { ExchangeEvents } from '../../../src/sources/chain/exchange-events.js';
import { EXCHANGES, type ExchangeName } from '../../../src/sources/chain/exchanges.js';
import { Logs, type LogText, writeLogs } from '../../../src/sources/chain/logs.js';
import { MatchProof } from '../../../src/sources/chain/matches.js';
import { randomFrom, testSeed } from '../../support/random.js';
import { exchangeNamed, type MadeLog, type MadeMatch, type MatchKind, MatchMaker, makeBlock } from './make-matches.js';

const KINDS: readonly MatchKind[] = ['complementary', 'conditional', 'mixed'];

function prove(logs: readonly LogText[]): MatchProof {
  const table = new Logs();
  writeLogs(table, logs);
  const events = new ExchangeEvents(table);
  events.decode(table);
  const proof = new MatchProof();
  proof.check(7, events);
  return proof;
}

const logsOf = (matches: readonly MadeMatch[]): MadeLog[] => matches.flatMap(({ logs }) => logs);
const kindsOf = (proof: MatchProof): string[] => proof.findings.map(({ kind }) => kind);

test('blocks of every generation and kind, with fees, refunds and several matches a transaction, close', () => {
  const maker = new MatchMaker(randomFrom(testSeed()));
  for (let n = 0; n < 20; n++) {
    const matches = makeBlock(maker, EXCHANGES, 40);
    const { findings, totals } = prove(logsOf(matches));
    expect(findings).toEqual([]);
    const refunds = matches.filter(({ refund }) => refund > 0n);
    expect(totals).toEqual({
      fills: matches.flatMap(({ fills }) => fills).length,
      matches: matches.length,
      fees: logsOf(matches).filter(({ event }) => event === 'fee').length,
      directFills: 0,
      refunds: refunds.length,
      refundMicros: refunds.reduce((sum, { refund }) => sum + refund, 0n),
      findings: 0,
    });
  }
});

test.each(EXCHANGES.map(({ name }) => name))('%s: any single log that is lost is found', (name: ExchangeName) => {
  const maker = new MatchMaker(randomFrom(testSeed()));
  for (let n = 0; n < 60; n++) {
    const kind = KINDS[n % 3] as MatchKind;
    const logs = logsOf([maker.match(exchangeNamed(name), maker.nextTransaction(), kind)]);
    for (const [lost, { event }] of logs.entries()) {
      const proof = prove(logs.filter((_, i) => i !== lost));
      expect(proof.findings, `${event} ${lost} of a ${kind} match`).not.toEqual([]);
    }
  }
});

test.each(['v2_ctf', 'v2_neg_risk', 'v3'] as const)(
  '%s: a resting BUY without a fee that is lost under an aggressor’s SELL is found',
  (name) => {
    const maker = new MatchMaker(randomFrom(testSeed()));
    let seen = 0;
    while (seen < 20) {
      const match = maker.match(exchangeNamed(name), maker.nextTransaction(), 'complementary');
      const [first] = match.fills;
      if (match.fills.at(-1)?.side !== 'SELL' || first?.fee !== 0n) continue;
      seen++;
      const lost = match.logs.findIndex(({ event }) => event === 'fill');
      expect(kindsOf(prove(match.logs.filter((_, i) => i !== lost)))).toEqual(['received', 'given']);
    }
  },
);

test('the last match of a transaction that lost its OrdersMatched stays open, one before it runs into the next', () => {
  const maker = new MatchMaker(randomFrom(testSeed()));
  const exchange = exchangeNamed('v2_ctf');
  const hash = maker.nextTransaction();
  const [a, b] = [maker.match(exchange, hash, 'complementary'), maker.match(exchange, hash, 'complementary')];
  const without = (match: MadeMatch) => match.logs.filter(({ event }) => event !== 'matched');
  expect(kindsOf(prove([...a.logs, ...without(b)]))).toEqual(['unclosed']);
  expect(kindsOf(prove([...without(a), ...b.logs]))).toContain('two_aggressors');
});

test.each(EXCHANGES.map(({ name }) => name))('%s: an amount that grew or shrank is found', (name) => {
  const maker = new MatchMaker(randomFrom(testSeed()));
  const exchange = exchangeNamed(name);
  const offset = 2; // two words before the amounts, in every generation
  for (let n = 0; n < 60; n++) {
    const match = maker.match(exchange, maker.nextTransaction(), KINDS[n % 3] as MatchKind);
    for (const [at, log] of match.logs.entries()) {
      if (log.event === 'fee' || log.event === 'matched') continue;
      for (const [place, by] of [
        [offset, 1n],
        [offset, -1n],
        [offset + 1, 1n],
        [offset + 1, -1n],
        [offset + 2, 1n],
      ] as const) {
        const altered = alter(log, place, by);
        if (altered === undefined) continue;
        const proof = prove(match.logs.map((own, i) => (i === at ? altered : own)));
        if (proof.findings.length > 0) continue;
        // What a contract may refund silently cannot be told from more or less that was given.
        expect(mayHide(match)).toBe(true);
        expect(proof.totals.refundMicros).not.toBe(match.refund);
      }
    }
  }
});

const mayHide = ({ exchange: { generation }, kind }: MadeMatch): boolean =>
  generation === 1 || (generation === 2 && kind !== 'complementary');

function alter(log: MadeLog, place: number, by: bigint): MadeLog | undefined {
  const from = 2 + place * 64;
  const value = BigInt(`0x${log.data.slice(from, from + 64)}`) + by;
  if (value < 0n) return undefined;
  const word = value.toString(16).padStart(64, '0');
  return { ...log, data: `${log.data.slice(0, from)}${word}${log.data.slice(from + 64)}` };
}

test('a fee that nobody charged, or that was charged in another asset, is found', () => {
  const maker = new MatchMaker(randomFrom(testSeed()));
  for (const { name } of EXCHANGES) {
    const match = maker.match(exchangeNamed(name), maker.nextTransaction(), 'mixed');
    const at = match.logs.findIndex(({ event }) => event === 'fee');
    const fee = match.logs[at] as MadeLog;
    const amountAt = match.exchange.generation === 1 ? 1 : 0;
    const changed = (log: MadeLog) => prove(match.logs.map((own, i) => (i === at ? log : own)));
    expect(kindsOf(changed(alter(fee, amountAt, 1n) as MadeLog)), name).toEqual(['fees']);
    if (amountAt === 1) expect(kindsOf(changed(alter(fee, 0, 1n) as MadeLog)), name).toEqual(['fees']);
  }
});

test('another counterparty, another token, another order in the OrdersMatched are found', () => {
  const maker = new MatchMaker(randomFrom(testSeed()));
  const match = maker.match(exchangeNamed('v2_ctf'), maker.nextTransaction(), 'mixed');
  const at = match.logs.findIndex(({ event }) => event === 'fill');
  const change = (place: number, over: (log: MadeLog) => MadeLog) =>
    kindsOf(prove(match.logs.map((log, i) => (i === place ? over(log) : log))));
  const otherTopic = (n: number) => (log: MadeLog) => ({
    ...log,
    topics: log.topics.map((topic, i) => (i === n ? `0x${'0'.repeat(24)}${maker.hex(40).slice(2)}` : topic)),
  });
  expect(change(at, otherTopic(3))).toEqual(['counterparty']);
  // The only resting order of the other token may be of any other token, but it must not be the same one.
  const aggressorToken = (match.logs.at(-1) as MadeLog).data.slice(66, 130);
  const sameToken = (log: MadeLog) => ({
    ...log,
    data: `${log.data.slice(0, 66)}${aggressorToken}${log.data.slice(130)}`,
  });
  expect(change(at, sameToken)).toContain('token');
  expect(change(match.logs.length - 1, otherTopic(1))).toEqual(['aggressor_differs']);
  expect(change(match.logs.length - 1, otherTopic(2))).toEqual(['aggressor_differs']);
  expect(change(at, (log) => ({ ...log, transactionHash: maker.hex(64) }))).toContain('transaction');
});

test('V1’s direct fills stand outside a match, before, after and apart; of later generations there are none', () => {
  const maker = new MatchMaker(randomFrom(testSeed()));
  for (const name of ['v1_ctf', 'v2_ctf'] as const) {
    const exchange = exchangeNamed(name);
    const hash = maker.nextTransaction();
    const logs = [
      maker.direct(exchange, hash),
      ...maker.match(exchange, hash, 'mixed').logs,
      maker.direct(exchange, hash),
      maker.direct(exchange, maker.nextTransaction()),
    ];
    const { findings, totals } = prove(logs);
    if (name === 'v1_ctf') expect([findings, totals.directFills]).toEqual([[], 3]);
    else expect(findings.map(({ kind }) => kind)).toEqual(expect.arrayContaining(['counterparty', 'unclosed']));
  }
});

test('a finding says where and how much', () => {
  const maker = new MatchMaker(randomFrom(testSeed()));
  const match = maker.match(exchangeNamed('v3'), maker.nextTransaction(), 'complementary');
  const lost = match.logs.findIndex(({ event }) => event === 'fill');
  const aggressor = match.logs.at(-2) as MadeLog;
  const [fill] = match.fills;
  const received = match.fills.at(-1)?.takerAmount as bigint;
  expect(prove(match.logs.filter((_, i) => i !== lost)).findings[0]).toEqual({
    kind: 'received',
    block: 7,
    transactionHash: aggressor.transactionHash,
    logIndex: aggressor.logIndex,
    exchange: 'v3',
    figures: {
      expected: `${received - (fill?.makerAmount as bigint)}`,
      found: `${received}`,
      resting: `${match.fills.length - 2}`,
    },
  });
});
