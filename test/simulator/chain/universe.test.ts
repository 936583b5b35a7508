import { readFileSync } from 'node:fs';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';

import { blockAtTime, timeOfBlock } from '../../../src/simulator/chain/clock.js';
import { EMITTERS } from '../../../src/simulator/chain/contracts.js';
import { conditionIdOf, positionIdsOf } from '../../../src/simulator/chain/position-ids.js';
import { type SimulatedChain, startChain } from '../../../src/simulator/chain/start.js';
import { exchangeTotals, type Totals, tokenTotals } from '../../../src/simulator/chain/totals.js';
import { type ChainFill, chainConditions, chainFills, chainLedger } from '../../../src/simulator/chain/truth.js';
import { ChainUniverse } from '../../../src/simulator/chain/universe.js';
import {
  addressOf,
  decodedFill,
  type Line,
  logsOf,
  type PlainLog,
  portalLines,
  portalQuery,
  saidOf,
  word,
} from './read.js';

const fixture = <T>(name: string) =>
  readFileSync(new URL(`fixtures/${name}`, import.meta.url), 'utf8')
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line) as T);

const USDC_E = '0x2791bca1f2de4661ed88a30c99a7a9449aa84174';
const WCOL = '0x3a3bd7bb9528e159577f7c2e685cc81a765002e2';
const CONDITIONAL_TOKENS = '0x4d97dcd97ec945f40cf65f87097ace5ea0476045';
const PREPARED = '0xab3760c3bd2bb38b5bcf54dc79802ed67338b4cf29f3054ded67ed24661e4177';
const RESOLVED = '0xb44d84d3289691f71497564b85d4233648d9dbae8cbdbb4329f301c3a0185894';
const V3_RESOLVED = '0xe560c1a2847d4cf2e66de11fe592605556989449f38cc3ab96e2e287daa68caa';
const MATCHED = new Set([
  '0x63bf4d16b7fa898ef4c4b2b6d90fd201e9c56313b65638af6088d149d2ce956c',
  '0x174b3811690657c217184f89418266767c87e4805d09680c39fc9c031c0cab7c',
]);
const FEE_CHARGED = new Set([
  '0xacffcc86834d0f1a64b0d5a675798deed6ff0bcfc2231edd3480e7288dba7ff4',
  '0x55bb3cade9d43b798a4fe5ffdd05024b2d7870df53920673bfc7e68047cd0ab1',
]);

describe('the model and what was recorded', () => {
  it('block times agree with recorded blocks to half a minute since V2, to 15 minutes before', () => {
    for (const { blockNumber, blockTimestamp } of fixture<{ blockNumber: string; blockTimestamp?: string }>(
      'recorded_logs.ndjson',
    )) {
      if (blockTimestamp === undefined) continue;
      const block = Number(blockNumber);
      expect(Math.abs(timeOfBlock(block) - Number(blockTimestamp))).toBeLessThan(block < 84_902_320 ? 900 : 30);
    }
    expect(timeOfBlock(85_050_371)).toBe(Date.parse('2026-04-03T12:52:59Z') / 1000);
    for (const block of [84_902_320, 86_478_684, 87_861_251, 97_000_001]) {
      expect(blockAtTime(timeOfBlock(block))).toBe(block);
      expect(timeOfBlock(blockAtTime(timeOfBlock(block) + 100))).toBeGreaterThanOrEqual(timeOfBlock(block) + 100);
    }
  });

  it('position ids are those of recorded markets, both collaterals, in outcome order', () => {
    const markets = fixture<{ conditionId: string; clobTokenIds: string[]; negRisk: boolean }>(
      'recorded_markets.ndjson',
    );
    expect(markets).toHaveLength(20);
    for (const { conditionId, clobTokenIds, negRisk } of markets) {
      expect(positionIdsOf(negRisk ? WCOL : USDC_E, conditionId).map(String)).toEqual(clobTokenIds);
    }
  });

  it('the recorded mint of V2 conserves money and charges the fee it says', () => {
    const logs = fixture<PlainLog & { transactionHash: string; _note: string }>('recorded_logs.ndjson').filter(
      ({ transactionHash }) => transactionHash.startsWith('0x03beb7ad'),
    );
    const resting = decodedFill(logs.find(({ _note }) => _note.includes('resting BUY')) as PlainLog);
    const matched = logs.find(({ topics }) => MATCHED.has(topics[0] as string)) as PlainLog;
    expect((resting?.usdc ?? 0n) + word(matched, 2)).toBe(resting?.shares);
    expect(resting?.shares).toBe(word(matched, 3));
    const charged = logs.find(({ topics }) => FEE_CHARGED.has(topics[0] as string)) as PlainLog;
    expect(word(charged, 0)).toBe(96_870n);
  });
});

describe('a small universe', () => {
  let chain: SimulatedChain;
  let lines: Line[];
  let logs: PlainLog[];
  let fills: ChainFill[];

  beforeAll(async () => {
    chain = await startChain({ seed: 7, blocks: 300, fillsPerBlock: 12, finalityLag: 0, unexplainedShare: 0.1 });
    const { universe } = chain;
    lines = await portalLines(
      chain,
      portalQuery(universe.preludeBlock, universe.lastBlock, { includeAllBlocks: true }),
    );
    logs = logsOf(lines);
    fills = [...chainFills(universe)];
  });
  afterAll(() => chain.close());

  it('blocks chain by parent hash and follow one another', () => {
    expect(lines).toHaveLength(chain.universe.lastBlock - chain.universe.preludeBlock + 1);
    for (const [i, { header }] of lines.slice(1).entries()) {
      expect(header.number).toBe((lines[i] as Line).header.number + 1);
      expect(header.parentHash).toBe((lines[i] as Line).header.hash);
      expect(header.timestamp).toBe(timeOfBlock(header.number));
    }
  });

  it('the fills it knows are the fills that it logs, field by field', () => {
    const exchanges = new Set(EMITTERS.slice(0, 6).map(({ address }) => address as string));
    const logged = logs.filter(({ address }) => exchanges.has(address)).flatMap((log) => decodedFill(log) ?? []);
    expect(logged).toEqual(fills.map(saidOf));
    expect(fills.length).toBeGreaterThan(3_200);
    expect(fills.length).toBeLessThan(4_000);
  });

  it('sums by exchange and by token and side are the sums of its fills', () => {
    const sums = (keyOf: (fill: ChainFill) => string) => {
      const totals = new Map<string, Totals>();
      for (const fill of fills) {
        const { fills: n, shares, usdc, fee } = totals.get(keyOf(fill)) ?? { fills: 0, shares: 0n, usdc: 0n, fee: 0n };
        totals.set(keyOf(fill), {
          fills: n + 1,
          shares: shares + fill.shares,
          usdc: usdc + fill.usdc,
          fee: fee + fill.fee,
        });
      }
      return totals;
    };
    expect(exchangeTotals(chain.universe)).toEqual(sums(({ exchange }) => exchange));
    expect(tokenTotals(chain.universe)).toEqual(sums(({ token, side }) => `${token} ${side}`));
  });

  it('every exchange, every kind of match and every oddity occurs', () => {
    const exchanges = [...exchangeTotals(chain.universe).keys()].sort();
    expect(exchanges).toEqual(['v1_ctf', 'v1_neg_risk', 'v2_ctf', 'v2_neg_risk', 'v2_neg_risk_b', 'v3']);
    const seen = new Set<string>();
    const matches = chain.universe.matches();
    let transactions = 0;
    for (let block = chain.universe.firstBlock; block <= chain.universe.lastBlock; block++) {
      matches.open(block);
      while (matches.next()) {
        const resting = matches.legs - 1;
        const sells = (matches.lane[resting] as number) & 1;
        const all = (1 << resting) - 1;
        const name = matches.complement === 0 ? 'complementary' : sells ? 'merge' : 'mint';
        if (matches.direct) seen.add('direct');
        else
          seen.add(`v${matches.generation} ${matches.complement !== 0 && matches.complement !== all ? 'mixed' : name}`);
        if (matches.refund > 0) seen.add(`v${matches.generation} refund`);
        if (matches.double) seen.add('double');
        for (let leg = 0; leg < resting; leg++)
          if (matches.shares[leg] === 0 || matches.cash[leg] === 0) seen.add('dust');
        if (matches.fee[resting] as number) seen.add(`v${matches.generation} fee`);
        if (resting > 0 && (matches.fee[0] as number)) seen.add(`v${matches.generation} resting fee`);
        if (matches.tx < matches.index) seen.add('several matches in a transaction');
        transactions += matches.tx >= 0 ? 1 : 0;
      }
    }
    expect(transactions).toBeGreaterThan(0);
    for (const v of [1, 2, 3])
      for (const kind of ['complementary', 'mint', 'merge', 'mixed', 'fee']) expect(seen).toContain(`v${v} ${kind}`);
    for (const oddity of [
      'direct',
      'double',
      'dust',
      'v1 refund',
      'v2 refund',
      'v3 resting fee',
      'several matches in a transaction',
    ]) {
      expect(seen).toContain(oddity);
    }
    expect(seen).not.toContain('v3 refund');
  });

  it('log indexes rise within a block, with gaps, and a transaction is never left and entered again', () => {
    let gaps = 0;
    for (const { logs: ofBlock } of lines) {
      for (const [i, log] of ofBlock.slice(1).entries()) {
        const before = ofBlock[i] as Line['logs'][number];
        expect(log.logIndex).toBeGreaterThan(before.logIndex);
        expect(log.transactionIndex).toBeGreaterThanOrEqual(before.transactionIndex);
        expect(log.transactionHash === before.transactionHash).toBe(log.transactionIndex === before.transactionIndex);
        if (log.logIndex > before.logIndex + 1) gaps++;
      }
    }
    expect(gaps).toBeGreaterThan(1_000);
    const hashes = new Map<string, string>();
    for (const { block, transactionIndex, transactionHash } of logs)
      hashes.set(`${block} ${transactionIndex}`, transactionHash);
    expect(new Set(hashes.values()).size).toBe(hashes.size);
  });

  it('every match closes: OrdersMatched follows the aggressor, fees equal FeeCharged, money and shares are conserved', () => {
    const { closed, direct, refunds } = closeMatches(logs, chain);
    expect(closed).toBeGreaterThan(1_200);
    expect(direct).toBeGreaterThan(0);
    expect(refunds.v1_ctf + refunds.v1_neg_risk).toBeGreaterThan(0);
    expect(refunds.v2_ctf + refunds.v2_neg_risk).toBeGreaterThan(0);
    expect(refunds.v3).toBe(0);
  });

  it('V1 and V2 charge before the fill; V3 after a resting fill and before the aggressor', () => {
    const seen = { before: 0, after: 0 };
    const charged = logs.filter(({ topics }) => FEE_CHARGED.has(topics[0] as string));
    const V3 = EMITTERS[5].address;
    for (const log of charged) {
      const near = logs.filter(
        ({ address, transactionHash }) => address === log.address && transactionHash === log.transactionHash,
      );
      const at = near.indexOf(log);
      const amount = word(log, log.data.length === 130 ? 1 : 0);
      const [before, after] = [decodedFill(near[at - 1] ?? log), decodedFill(near[at + 1] ?? log)];
      const restingV3 = log.address === V3 && before?.fee === amount && before.counterparty !== V3;
      seen[restingV3 ? 'after' : 'before']++;
      if (!restingV3) expect(after?.fee).toBe(amount);
    }
    expect(seen.before).toBeGreaterThan(300);
    expect(seen.after).toBeGreaterThan(0);
  });

  it('V1 registers both tokens twice, swapped', () => {
    const registered = logs.filter(
      ({ topics }) => topics[0] === '0xbc9a2432e8aeb48327246cddd6e872ef452812b4243c04e6bfb786a2cd8faf0d',
    );
    expect(registered.length).toBeGreaterThan(6);
    for (let i = 0; i < registered.length; i += 2) {
      const [one, two] = registered.slice(i, i + 2).map(({ topics }) => topics) as [string[], string[]];
      expect(two).toEqual([one[0], one[2], one[1], one[3]]);
    }
  });

  it('the loss of any one log of a match breaks its closing', () => {
    const exchanges = new Set(EMITTERS.slice(0, 6).map(({ address }) => address as string));
    const byTx = new Map<string, PlainLog[]>();
    for (const log of logs.filter(({ address }) => exchanges.has(address))) {
      byTx.set(log.transactionHash, [...(byTx.get(log.transactionHash) ?? []), log]);
    }
    const matched = [...byTx.values()].filter((ofTx) => ofTx.every((log) => (decodedFill(log)?.shares ?? 1n) > 1_000n));
    const whole = matched.filter((ofTx) => MATCHED.has(ofTx.at(-1)?.topics[0] as string)).slice(0, 120);
    for (const ofTx of whole) {
      expect(() => closeMatches(ofTx, chain)).not.toThrow();
      for (const lost of ofTx) {
        expect(
          () =>
            closeMatches(
              ofTx.filter((log) => log !== lost),
              chain,
            ),
          `${lost.block}:${lost.logIndex}`,
        ).toThrow();
      }
    }
  });

  it('conditions are prepared before they are traded, also before the first block, and their ids follow from the events', () => {
    const prepared = logs.filter(({ topics }) => topics[0] === PREPARED);
    const known = new Map(chainConditions(chain.universe).map((condition) => [condition.id, condition]));
    let before = 0;
    for (const log of prepared) {
      expect(log.address).toBe(CONDITIONAL_TOKENS);
      const [, id, oracle, question] = log.topics as [string, string, string, string];
      expect(conditionIdOf(addressOf(oracle), question, Number(word(log, 0)))).toBe(id);
      expect(known.get(id)?.preparedBlock).toBe(log.block);
      const { kind, tokens = [] } = known.get(id) ?? {};
      if (tokens.length > 0) expect(positionIdsOf(kind === 'neg_risk' ? WCOL : USDC_E, id).map(String)).toEqual(tokens);
      if (log.block < chain.universe.firstBlock) before++;
    }
    expect(before).toBeGreaterThan(3);
    expect(prepared.length).toBe([...known.values()].filter(({ kind }) => !kind.startsWith('v3')).length);
    const kinds = new Set([...known.values()].map(({ kind }) => kind));
    expect([...kinds].sort()).toEqual([
      'neg_risk',
      'plain',
      'three_slots',
      'unexplained',
      'v3_binary',
      'v3_combo',
      'v3_neg_risk',
    ]);
    const places = new Map(
      [...known.values()].flatMap(({ tokens, ...condition }) => tokens.map((token) => [token, condition])),
    );
    const unexplained = fills.filter(({ token }) => !places.has(token));
    expect(unexplained.length).toBeGreaterThan(0);
    for (const { token, block, exchange } of fills) {
      const condition = places.get(token);
      if (!condition) continue;
      expect(condition.preparedBlock).toBeLessThan(block);
      expect(condition.resolvedBlock ?? block).toBeGreaterThanOrEqual(block);
      expect(condition.kind.startsWith('v3')).toBe(exchange === 'v3');
    }
  });

  it('structured ids say their module, reserve nothing, and differ from the complement in the last byte alone', () => {
    const v3 = chainConditions(chain.universe).filter(({ kind }) => kind.startsWith('v3'));
    expect(v3.length).toBeGreaterThan(2);
    for (const { id, kind, tokens } of v3) {
      const [yes = 0n, no = 0n] = tokens.map(BigInt);
      expect(['v3_binary', 'v3_neg_risk', 'v3_combo'].indexOf(kind) + 1).toBe(Number(yes >> 248n));
      expect((yes >> 40n) & ((1n << 64n) - 1n)).toBe(0n);
      expect([yes & 0xffn, no & 0xffn, yes >> 8n]).toEqual([0n, 1n, no >> 8n]);
      expect(id).toBe(`0x${(yes >> 8n).toString(16).padStart(62, '0')}00`);
    }
  });

  it('resolutions are logged as the truth has them; combos and three of V3 sums to a million', () => {
    const said = new Map<string, bigint[]>();
    for (const log of logs) {
      const at = log.topics[0] === RESOLVED ? 2 : log.topics[0] === V3_RESOLVED ? 1 : 0;
      if (at === 0) continue;
      expect(word(log, at - 1)).toBe(BigInt(at * 32));
      said.set(
        log.topics[1] as string,
        Array.from({ length: Number(word(log, at)) }, (_, i) => word(log, at + 1 + i)),
      );
    }
    const resolved = chainConditions(chain.universe).filter(({ denominator }) => denominator > 0n);
    expect(resolved.length).toBeGreaterThan(5);
    expect(new Map(resolved.map(({ id, numerators }) => [id, [...numerators]]))).toEqual(said);
    expect(
      resolved.filter(({ kind }) => kind.startsWith('v3')).every(({ denominator }) => denominator === 1_000_000n),
    ).toBe(true);
    expect(resolved.some(({ kind }) => kind === 'v3_combo')).toBe(false);
  });

  it('a ledger without refunds and fees sums to zero over all wallets of a resolved condition', () => {
    const universe = new ChainUniverse({ seed: 3, blocks: 400, fillsPerBlock: 8, refundRate: 0, directRate: 0 });
    const gross = [...chainFills(universe)].map((fill) => ({
      ...fill,
      cash: fill.side === 'BUY' ? -fill.usdc : fill.usdc,
      netShares: fill.side === 'BUY' ? fill.shares : -fill.shares,
    }));
    const known = new Map(chainConditions(universe).map((condition) => [condition.id, condition]));
    const sums = new Map<string, bigint>();
    for (const { condition, cash, net } of chainLedger(universe, gross)) {
      const { numerators = [], denominator = 0n } = known.get(condition) ?? {};
      if (denominator === 0n) continue;
      const paid = net.reduce((sum, shares, i) => sum + shares * (numerators[i] ?? 0n), cash * denominator);
      sums.set(condition, (sums.get(condition) ?? 0n) + paid);
    }
    expect(sums.size).toBeGreaterThan(3);
    expect([...sums.values()].every((sum) => sum === 0n)).toBe(true);
  });
});

it('the same seed gives the same chain from whatever block it is read, another seed another one', async () => {
  const options = { seed: 11, blocks: 300, fillsPerBlock: 5 };
  const [one, two, other] = [
    new ChainUniverse(options),
    new ChainUniverse(options),
    new ChainUniverse({ ...options, seed: 12 }),
  ];
  const whole = [...chainFills(one)];
  const from = two.firstBlock + 150;
  expect([...chainFills(two, { from }), ...[]]).toEqual(whole.filter(({ block }) => block >= from));
  expect([...chainFills(other)].slice(0, 20)).not.toEqual(whole.slice(0, 20));
});

it('twelve million blocks are there at once: any range is read without those before it', async () => {
  const chain = await startChain({ seed: 5, blocks: 12_000_000, fillsPerBlock: 110 });
  try {
    const from = 96_000_000;
    const lines = await portalLines(chain, portalQuery(from, from + 2));
    const fills = [...chainFills(chain.universe, { from, to: from + 2 })];
    expect(logsOf(lines).flatMap((log) => decodedFill(log) ?? [])).toEqual(fills.map(saidOf));
    expect(fills.length).toBeGreaterThan(100);
    expect(chain.universe.firstBlock).toBe(84_902_320);
  } finally {
    await chain.close();
  }
});

type Exchange = 'v1_ctf' | 'v1_neg_risk' | 'v2_ctf' | 'v2_neg_risk' | 'v2_neg_risk_b' | 'v3';

/** Cuts every transaction at OrdersMatched and holds each segment against the rules; counts what stands outside. */
function closeMatches(logs: readonly PlainLog[], chain: SimulatedChain) {
  const names = new Map(EMITTERS.slice(0, 6).map(({ name, address }) => [address as string, name as Exchange]));
  const outcome = new Map<string, number>();
  for (const c of Array.from({ length: chain.universe.conditions.count }, (_, i) => i)) {
    const words = chain.universe.conditions.tokenWords(c);
    for (const i of [0, 1]) {
      const digits = [...words.slice(i * 8, i * 8 + 8)].map((w) => (w >>> 0).toString(16).padStart(8, '0')).join('');
      outcome.set(String(BigInt(`0x${digits}`)), i);
    }
  }
  let closed = 0;
  let direct = 0;
  const refunds: Record<Exchange, number> = {
    v1_ctf: 0,
    v1_neg_risk: 0,
    v2_ctf: 0,
    v2_neg_risk: 0,
    v2_neg_risk_b: 0,
    v3: 0,
  };
  const open = new Map<string, PlainLog[]>();
  for (const log of logs) {
    const name = names.get(log.address);
    if (!name) continue;
    const key = `${log.transactionHash} ${log.address}`;
    const segment = open.get(key) ?? [];
    open.set(key, segment);
    if (!MATCHED.has(log.topics[0] as string)) {
      segment.push(log);
      continue;
    }
    open.delete(key);
    closed++;
    const last = segment.at(-1) as PlainLog;
    expect(log.logIndex).toBe(last.logIndex + 1);
    expect([log.topics[1], log.topics[2], log.data]).toEqual([
      last.topics[1],
      last.topics[2],
      last.data.slice(0, log.data.length),
    ]);
    const fills = segment.flatMap((one) => decodedFill(one) ?? []);
    expect(fills.at(-1)?.counterparty).toBe(log.address);
    expect(fills.slice(0, -1).every(({ counterparty }) => counterparty === fills.at(-1)?.wallet)).toBe(true);
    const charged = segment.filter(({ topics }) => FEE_CHARGED.has(topics[0] as string));
    const fees = charged.map((one) => word(one, name.startsWith('v1') ? 1 : 0));
    expect([...fees].sort()).toEqual(
      fills
        .map(({ fee }) => fee)
        .filter((fee) => fee > 0n)
        .sort(),
    );
    let cash = 0n;
    const shares = [0n, 0n];
    for (const { side, usdc, shares: amount, token } of fills) {
      const i = outcome.get(token) as number;
      cash += side === 'BUY' ? -usdc : usdc;
      shares[i] = (shares[i] as bigint) + (side === 'BUY' ? amount : -amount);
    }
    expect(shares[0]).toBe(shares[1]);
    const residual = cash + (shares[0] as bigint);
    expect(residual).toBeLessThanOrEqual(0n);
    if (residual < 0n) refunds[name]++;
    // Only a purchase by the aggressor may say more than was spent, in V2 only with a mint.
    if (residual < 0n) expect(fills.at(-1)?.side).toBe('BUY');
    if (residual < 0n && name.startsWith('v2')) expect(shares[0]).not.toBe(0n);
  }
  for (const segment of open.values()) {
    for (const log of segment) {
      if (
        log.topics.length === 4 &&
        log.topics[0] === '0xbc9a2432e8aeb48327246cddd6e872ef452812b4243c04e6bfb786a2cd8faf0d'
      )
        continue;
      const fill = decodedFill(log);
      expect(names.get(log.address)?.startsWith('v1')).toBe(true);
      expect(names.has(fill?.counterparty ?? '')).toBe(false);
      direct++;
    }
  }
  return { closed, direct, refunds };
}
