import { describe, expect, it } from 'vitest';
import { createRecordedUniverse } from '../../src/simulator/recorded.js';
import { ExactSums } from '../../src/simulator/synthetic/counters.js';
import { FILLS_PER_MATCH } from '../../src/simulator/synthetic/options.js';
import { createSyntheticUniverse } from '../../src/simulator/synthetic/universe.js';
import {
  allFills,
  isBuy,
  ledger,
  residuals,
  sourceShort,
  tokenOf,
  tokenTotals,
  walletLedgers,
} from '../../src/simulator/truth.js';
import type { Condition, Fill, Table, Universe } from '../../src/simulator/universe.js';

const universe = createSyntheticUniverse({ seed: 3, markets: 400, fills: 30_000 });
const fills = allFills(universe);
const conditions = rows(universe.conditions(universe.lastBlock));
const EXCHANGES = ['0x4bfb41d5b3570defd03c39a9a4d8de6bd8b8982e', '0xc5d563a36ae78145c45a50134d48a1215220f80a'];

function rows<Row>(table: Table<Row>): Row[] {
  return Array.from({ length: table.size }, (_, i) => table.row(i));
}

function groupBy<T>(items: readonly T[], key: (item: T) => string): Map<string, T[]> {
  const groups = new Map<string, T[]>();
  for (const item of items) {
    const group = groups.get(key(item));
    if (group) group.push(item);
    else groups.set(key(item), [item]);
  }
  return groups;
}

describe("the exchange's rules in a synthetic universe", () => {
  it('has about the fills asked for, and says exactly how many', () => {
    expect(universe.fillCount).toBe(fills.length);
    expect(Math.abs(fills.length / 30_000 - 1)).toBeLessThan(0.03);
    expect(universe.fillCount / universe.markets.totalMatches / FILLS_PER_MATCH).toBeCloseTo(1, 1);
  });

  it('is the same from the same seed, another from another', () => {
    const small = { markets: 20, fills: 300 };
    const a = allFills(createSyntheticUniverse({ seed: 1, ...small }));
    expect(allFills(createSyntheticUniverse({ seed: 1, ...small }))).toEqual(a);
    expect(allFills(createSyntheticUniverse({ seed: 2, ...small }))).not.toEqual(a);
  });

  it('gives every fill an id of its own, and every transaction one market and one second', () => {
    expect(new Set(fills.map(({ id }) => id)).size).toBe(fills.length);
    const market = new Map(
      conditions.flatMap((condition) => condition.positionIds.map((token) => [token, condition.id] as const)),
    );
    for (const group of groupBy(fills, ({ transactionHash }) => transactionHash).values()) {
      expect(new Set(group.map(({ timestamp }) => timestamp)).size).toBe(1);
      expect(new Set(group.map((fill) => market.get(tokenOf(fill)))).size).toBe(1);
    }
  });

  it('emits one event an order: the aggressor faces the exchange, the resting orders the aggressor', () => {
    let direct = 0;
    for (const group of groupBy(fills, ({ transactionHash }) => transactionHash).values()) {
      const aggressors = group.filter(({ taker }) => EXCHANGES.includes(taker));
      if (aggressors.length === 0) {
        expect(group).toHaveLength(1);
        direct++;
        continue;
      }
      expect(aggressors).toHaveLength(1);
      const [aggressor] = aggressors as [Fill];
      for (const fill of group) if (fill !== aggressor) expect(fill.taker).toBe(aggressor.maker);
    }
    expect(direct).toBeGreaterThan(0);
  });

  it('conserves shares and cash in every transaction, but for the exceptions that the facts name', () => {
    const short = new Set(sourceShort(tokenTotals(universe)).map(({ token }) => token));
    const kinds = { refund: 0, short: 0, direct: 0 };
    for (const { shares, cash, fills: group } of residuals(universe)) {
      if (group.length === 1 && !EXCHANGES.includes((group[0] as Fill).taker)) kinds.direct++;
      else if (shares === 0n && cash < 0n) kinds.refund++;
      else {
        expect(group.some((fill) => short.has(tokenOf(fill)))).toBe(true);
        kinds.short++;
      }
    }
    expect(kinds.refund).toBeGreaterThan(0);
    expect(kinds.short).toBeGreaterThan(0);
    expect(kinds.direct).toBeGreaterThan(0);
    expect(kinds.refund + kinds.short + kinds.direct).toBeLessThan(fills.length / 500);
  });

  it('knows normal matches, mints and merges, with one resting order and with several', () => {
    const seen = new Set<string>();
    for (const group of groupBy(fills, ({ transactionHash }) => transactionHash).values()) {
      const aggressor = group.find(({ taker }) => EXCHANGES.includes(taker));
      if (!aggressor) continue;
      for (const fill of group) {
        if (fill === aggressor) continue;
        const same = tokenOf(fill) === tokenOf(aggressor);
        expect(isBuy(fill) === isBuy(aggressor)).toBe(!same);
        seen.add(`${same ? 'normal' : isBuy(fill) ? 'mint' : 'merge'} ${Math.min(group.length - 1, 2)}`);
      }
    }
    expect([...seen].sort()).toEqual(['merge 1', 'merge 2', 'mint 1', 'mint 2', 'normal 1', 'normal 2']);
  });

  it('counts every fill and the exact volume of both sides; only twice-filled orders are counted but not served', () => {
    const totals = tokenTotals(universe);
    const short = sourceShort(totals);
    expect(short.length).toBeGreaterThan(0);
    for (const { token, counted, served } of totals) {
      if (short.some((one) => one.token === token)) continue;
      expect(counted, token).toEqual(served);
    }
    const missing = totals.reduce(
      (sum, { counted, served }) =>
        sum + counted.buys.fills + counted.sells.fills - served.buys.fills - served.sells.fills,
      0,
    );
    expect(missing).toBeLessThan(fills.length / 1_000);
    const none = createSyntheticUniverse({ seed: 3, markets: 100, fills: 20_000, doubleFillRate: 0 });
    expect(sourceShort(tokenTotals(none))).toEqual([]);
    expect(
      tokenTotals(none).every(
        ({ counted, served }) => JSON.stringify(texts(counted)) === JSON.stringify(texts(served)),
      ),
    ).toBe(true);
  });

  it('sums volumes beyond 2^53 exactly', () => {
    const sums = new ExactSums(2);
    let expected = 0n;
    for (let i = 0; i < 50_000; i++) {
      const value = 2_500_000_000_001 + i;
      sums.add(1, value);
      expected += BigInt(value);
    }
    expect(expected).toBeGreaterThan(2n ** 53n);
    expect(sums.value(1)).toBe(expected);
    expect(sums.value(0)).toBe(0n);
  });

  it('reads the past: fills, counters and resolutions as they were at a block', () => {
    const times = fills.map(({ timestamp }) => Number(timestamp)).sort((a, b) => a - b);
    const middle = times[times.length >> 1] as number;
    const block = universe.firstBlock + Math.floor((middle - 1_664_150_400) / 2);
    const past = allFills(universe, block);
    expect(past).toEqual(fills.filter(({ timestamp }) => Number(timestamp) <= middle));
    const short = new Set(sourceShort(tokenTotals(universe)).map(({ token }) => token));
    for (const { token, counted, served } of tokenTotals(universe, block))
      if (!short.has(token)) expect(counted).toEqual(served);
    const resolvedThen = rows(universe.conditions(block)).filter(
      (condition) => condition.payoutDenominator !== '0',
    ).length;
    expect(resolvedThen).toBeGreaterThan(0);
    expect(resolvedThen).toBeLessThan(conditions.filter((condition) => condition.payoutDenominator !== '0').length);
  });

  it('has every way to end, empty markets, unexplained tokens, one giant, fees, dust, ties and returning orders', () => {
    const payouts = new Set(
      conditions.map(
        ({ payoutNumerators, payoutDenominator }: Condition) => `${payoutNumerators}/${payoutDenominator}`,
      ),
    );
    expect([...payouts].sort()).toEqual(['/0', '0,0/0', '0,1/1', '1,0/1', '1,1/2']);
    const datas = rows(universe.marketDatas(universe.lastBlock));
    expect(datas).toHaveLength(800);
    const explained = new Set(conditions.flatMap(({ positionIds }) => positionIds));
    const traded = new Set(fills.map(tokenOf));
    expect([...traded].some((token) => !explained.has(token))).toBe(true);
    const emptyMarkets = conditions.filter(({ positionIds }) => !positionIds.some((token) => traded.has(token))).length;
    expect(emptyMarkets / conditions.length).toBeGreaterThan(0.25);
    expect(emptyMarkets / conditions.length).toBeLessThan(0.42);
    const sizes = [...groupBy(fills, tokenOf).values()].map((group) => group.length).sort((a, b) => b - a);
    expect(sizes[0]).toBeGreaterThan(1_000);
    expect(sizes[sizes.length >> 1]).toBeLessThan(100);
    expect(fills.some(({ fee }) => fee !== '0')).toBe(true);
    for (const fill of fills) expect(BigInt(fill.fee)).toBeLessThanOrEqual(BigInt(fill.takerAmountFilled));
    expect(fills.some(({ makerAmountFilled }) => makerAmountFilled === '0')).toBe(true);
    const seconds = [...groupBy(fills, ({ timestamp }) => timestamp).values()];
    expect(seconds.some((group) => new Set(group.map(({ transactionHash }) => transactionHash)).size > 1)).toBe(true);
    const returning = [...groupBy(fills, ({ orderHash }) => orderHash).values()].filter((group) => group.length > 1);
    expect(returning.length).toBeGreaterThan(50);
    for (const group of returning) {
      expect(new Set(group.map(({ maker }) => maker)).size).toBe(1);
      expect(new Set(group.map((fill) => `${tokenOf(fill)} ${isBuy(fill)}`)).size).toBe(1);
    }
  });
});

describe('the ledger', () => {
  it('sums to the explained residuals over all wallets of a resolved condition, gross of fees', () => {
    const pays = new Map(conditions.map((condition) => [condition.id, condition]));
    const gross: Universe = createRecordedUniverse({
      events: fills.map((fill) => ({ ...fill, fee: '0' })),
      conditions,
    });
    const leftOver = groupBy(residuals(universe), ({ condition }) => condition);
    for (const [id, entries] of groupBy(ledger(gross), ({ condition }) => condition)) {
      const condition = pays.get(id);
      if (!condition || condition.payoutDenominator === '0' || leftOver.has(id)) continue;
      const denominator = BigInt(condition.payoutDenominator);
      const total = entries.reduce(
        (sum, { cash, net }) =>
          sum +
          cash * denominator +
          net.reduce((s, n, i) => s + n * BigInt(condition.payoutNumerators[i] as string), 0n),
        0n,
      );
      expect(total).toBe(0n);
    }
  });

  it('counts every fill once, leaves unresolved conditions open, and adds up by wallet', () => {
    const entries = ledger(universe);
    expect(entries.reduce((sum, entry) => sum + entry.fills, 0)).toBe(fills.length);
    const wallets = walletLedgers(entries);
    expect(wallets.reduce((sum, wallet) => sum + wallet.fills, 0)).toBe(fills.length);
    expect(wallets.some(({ openConditions }) => openConditions > 0)).toBe(true);
    expect(wallets.length).toBe(new Set(fills.map(({ maker }) => maker)).size);
  });
});

function texts(totals: object): unknown {
  return JSON.parse(JSON.stringify(totals, (_, value) => (typeof value === 'bigint' ? String(value) : value)));
}
