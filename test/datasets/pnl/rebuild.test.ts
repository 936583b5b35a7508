import { readFileSync } from 'node:fs';
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest';
import * as heavy from '../../../src/clickhouse/heavy.js';
import * as sqlFiles from '../../../src/clickhouse/sql.js';
import type { Target } from '../../../src/clickhouse/target.js';
import type { Finding } from '../../../src/core/finding.js';
import { rebuildPnlTables } from '../../../src/datasets/pnl/rebuild.js';
import { whyPnlBehind } from '../../../src/datasets/pnl/versions.js';
import { history } from '../../../src/publish/promotions.js';
import { tell } from '../../../src/report/findings.js';
import { startTestClickHouse, type TestClickHouse } from '../../support/clickhouse.js';
import { averageCostStep, type LedgerFill, type LedgerToken, ledgerOf, UNKNOWN } from './ledger.js';
import { makeUniverse, workOn } from './universe/universe.js';

vi.mock('../../../src/clickhouse/sql.js', { spy: true });
vi.mock('../../../src/clickhouse/heavy.js', { spy: true });

const LIVE = 'clob_fills';
let server: TestClickHouse;
let target: Target;

beforeAll(async () => {
  server = await startTestClickHouse();
  target = await server.database();
  await makeUniverse(target, { fills: LIVE, run: 'r1', matches: 15_000, markets: 200, wallets: 300 });
});
afterAll(() => server?.stop());

const micros = (decimal: string | null): bigint | null =>
  decimal === null
    ? null
    : BigInt(
        decimal.includes('.')
          ? decimal.replace(/\.(\d{0,6})$/, (_m, f: string) => f.padEnd(6, '0'))
          : `${decimal}000000`,
      );

async function readFills(): Promise<LedgerFill[]> {
  const rows = await target.query<Record<string, string>>(
    `SELECT concat(tx_hash_hex, '_', order_hash_hex) AS id, toUnixTimestamp(block_time) AS time, wallet_hex AS wallet, token_id AS token,
       side, reinterpretAsInt64(shares) AS shares, reinterpretAsInt64(usdc) AS usdc, reinterpretAsInt64(fee) AS fee FROM ${LIVE}`,
  );
  return rows.map((row) => ({
    id: row.id as string,
    time: Number(row.time),
    wallet: row.wallet as string,
    token: row.token as string,
    buy: row.side === 'BUY',
    shares: BigInt(row.shares as string),
    usdc: BigInt(row.usdc as string),
    fee: BigInt(row.fee as string),
  }));
}

async function readTokens(): Promise<Map<string, LedgerToken>> {
  const rows = await target.query<Record<string, string>>(
    `SELECT token_id AS id, condition_id_hex AS condition, outcome_index AS index, payout_numerator AS n, payout_denominator AS d
     FROM outcome_tokens FINAL WHERE condition_id IS NOT NULL`,
  );
  return new Map(
    rows.map((row) => [
      row.id as string,
      {
        condition: row.condition as string,
        index: Number(row.index),
        numerator: BigInt(row.n as string),
        denominator: BigInt(row.d as string),
      },
    ]),
  );
}

type TableRow = Record<string, string | string[] | boolean | null>;
const ZEROS = `0x${'00'.repeat(32)}`;

/** Every figure of `wallet_market_pnl` against the plain ledger, both ways. */
async function differences(): Promise<string[]> {
  const expected = ledgerOf(await readFills(), await readTokens());
  const rows = await target.query<TableRow>('SELECT *, wallet_hex, condition_id_hex FROM wallet_market_pnl');
  const found: string[] = [];
  for (const row of rows) {
    const key = `${row.wallet_hex} ${row.condition_id_hex === ZEROS ? UNKNOWN : row.condition_id_hex}`;
    const at = expected.get(key);
    expected.delete(key);
    const check = (name: string, actual: unknown, wanted: unknown): void => {
      if (String(actual) !== String(wanted)) found.push(`${key} ${name}: ${actual}, expected ${wanted}`);
    };
    check('fills', row.fills, at?.fills);
    check('buy', micros(row.buy_usdc as string), at?.buy);
    check('sell', micros(row.sell_usdc as string), at?.sell);
    check('volume', micros(row.volume_usdc as string), (at?.buy ?? 0n) + (at?.sell ?? 0n));
    check('fee usdc', micros(row.fee_usdc as string), at?.feeUsdc);
    check('fee shares', micros(row.fee_shares as string), at?.feeShares);
    check('cash', micros(row.cash as string), at?.cash);
    check('net', (row.net_shares as string[]).map(micros), at?.net);
    check('ledger', micros(row.ledger_pnl as string | null), at?.ledger);
    check('mark', micros(row.mark_value as string | null), at?.mark);
    check('average cost', micros(row.avg_cost_realized as string), at?.averageCost);
  }
  return [...found, ...[...expected.keys()].map((key) => `${key} is missing`)];
}

describe('rebuild-pnl against a plain ledger', () => {
  test('every wallet and market equals it to the micro-unit, in both measures', async () => {
    const rebuilt = await rebuildPnlTables(workOn(target));
    expect(rebuilt.gates.filter((gate) => gate.status === 'failed')).toEqual([]);
    expect(await differences()).toEqual([]);
    expect(rebuilt.gates.map(tell).find(({ name }) => name.startsWith('zero-sum'))?.figure).toMatch(
      /direct fill .*refund|refund .*direct fill/,
    );
    expect(rebuilt.top).toHaveLength(10);
    expect(BigInt(rebuilt.top[0]?.ledgerMicros ?? 0)).toBeGreaterThan(BigInt(rebuilt.bottom[0]?.ledgerMicros ?? 0));
    expect(rebuilt.run).toBe('r1');
  });

  test('the wallets are the sums of their markets', async () => {
    const expected = ledgerOf(await readFills(), await readTokens());
    const rows = await target.query<TableRow>('SELECT *, wallet_hex FROM wallet_pnl');
    const wallets = new Map(rows.map((row) => [row.wallet_hex as string, row]));
    const sums = new Map<
      string,
      {
        ledger: bigint;
        cost: bigint;
        open: bigint;
        mark: bigint;
        wins: number;
        losses: number;
        markets: number;
        unknown: number;
      }
    >();
    for (const [key, at] of expected) {
      const [wallet, condition] = key.split(' ') as [string, string];
      const sum = sums.get(wallet) ?? {
        ledger: 0n,
        cost: 0n,
        open: 0n,
        mark: 0n,
        wins: 0,
        losses: 0,
        markets: 0,
        unknown: 0,
      };
      sum.ledger += at.ledger ?? 0n;
      sum.cost += at.averageCost;
      sum.mark += at.mark ?? 0n;
      if (at.ledger === null) sum.open += at.cash;
      if (at.ledger !== null && at.ledger > 0n) sum.wins++;
      if (at.ledger !== null && at.ledger < 0n) sum.losses++;
      if (condition === UNKNOWN) sum.unknown += at.fills;
      else sum.markets++;
      sums.set(wallet, sum);
    }
    expect(wallets.size).toBe(sums.size);
    for (const [wallet, sum] of sums) {
      const row = wallets.get(wallet);
      expect([
        micros(row?.ledger_pnl as string),
        micros(row?.avg_cost_realized as string),
        micros(row?.open_cash as string),
        micros(row?.mark_value as string),
      ]).toEqual([sum.ledger, sum.cost, sum.open, sum.mark]);
      expect([row?.wins, row?.losses, row?.markets, row?.unknown_fills].map(Number)).toEqual([
        sum.wins,
        sum.losses,
        sum.markets,
        sum.unknown,
      ]);
    }
  });

  test('in many slices and batches, with little memory, the tables are the same', async () => {
    const sum = 'SELECT groupBitXor(cityHash64(*)) AS h FROM';
    const before = [await target.query(`${sum} wallet_market_pnl`), await target.query(`${sum} wallet_pnl`)];
    const plain = vi.mocked(heavy.sliceCount).getMockImplementation();
    vi.mocked(heavy.sliceCount).mockReturnValue(7);
    const statements = vi.mocked(heavy.runFile).mock.calls.length;
    await rebuildPnlTables(workOn(target, 300));
    const files = vi
      .mocked(heavy.runFile)
      .mock.calls.slice(statements)
      .map(([, file]) => file);
    if (plain) vi.mocked(heavy.sliceCount).mockImplementation(plain);
    else vi.mocked(heavy.sliceCount).mockRestore();
    expect(files.filter((file) => file === 'pnl/wallet-market')).toHaveLength(7);
    expect(files.filter((file) => file === 'verify/unbalanced')).toHaveLength(7);
    expect(files.filter((file) => file === 'pnl/average-cost').length).toBeGreaterThanOrEqual(14);
    expect([await target.query(`${sum} wallet_market_pnl`), await target.query(`${sum} wallet_pnl`)]).toEqual(before);
  });
});

describe('hand-worked wallets', () => {
  let hand: Target;
  const EX = '4bfb41d5b3570defd03c39a9a4d8de6bd8b8982e';
  const address = (name: string): string => (name === 'EX' ? EX : Buffer.from(name.padEnd(20, '.')).toString('hex'));
  const condition = (name: string): string => Buffer.from(name.padEnd(32, '.')).toString('hex');
  // Two tokens a condition: its number × 10 + outcome.
  const CONDITIONS: [string, number, [number, number], number][] = [
    ['won', 1, [1, 0], 1],
    ['split', 2, [1, 1], 2],
    ['open', 3, [0, 0], 0],
    ['vector', 4, [0, 1], 1],
    ['thirds', 5, [1, 2], 3],
  ];
  let made = 0;
  /** An event as the contract emits it: (maker, taker, makerAsset, takerAsset, makerAmount, takerAmount, fee). Asset 0 is USDC. */
  async function event(
    tx: string,
    maker: string,
    taker: string,
    makerAsset: number,
    takerAsset: number,
    makerAmount: number,
    takerAmount: number,
    fee = 0,
    time = 1_700_000_000,
  ): Promise<void> {
    const buy = makerAsset === 0;
    const row = { shares: buy ? takerAmount : makerAmount, usdc: buy ? makerAmount : takerAmount };
    await hand.command(
      `INSERT INTO clob_fills (tx_hash, order_hash, block_time, wallet, counterparty, token_id, side, shares, usdc, fee)
       SELECT unhex('${condition(tx)}'), unhex('${condition(`order ${++made}`)}'), toDateTime(${time}, 'UTC'), unhex('${address(maker)}'), unhex('${address(taker)}'),
         ${buy ? takerAsset : makerAsset}, '${buy ? 'BUY' : 'SELL'}', reinterpret(toInt64(${row.shares}), 'Decimal(18, 6)'), reinterpret(toInt64(${row.usdc}), 'Decimal(18, 6)'), reinterpret(toInt64(${fee}), 'Decimal(18, 6)')`,
    );
  }
  async function pnl(wallet: string, name: string): Promise<TableRow> {
    const [row] = await hand.query<TableRow>(
      'SELECT * FROM wallet_market_pnl WHERE wallet = unhex({w:String}) AND condition_id = unhex({c:String})',
      {
        params: { w: address(wallet), c: condition(name) },
      },
    );
    if (!row) throw new Error(`no row of ${wallet} in ${name}`);
    return row;
  }

  beforeAll(async () => {
    hand = await server.database();
    await makeUniverse(hand, { fills: 'clob_fills', run: 'hand', matches: 0, markets: 0, wallets: 1 });
    for (const [name, number, payouts, denominator] of CONDITIONS) {
      for (const outcome of [0, 1]) {
        await hand.command(
          `INSERT INTO outcome_tokens (token_id, condition_id, outcome_index, payout_numerator, payout_denominator, source) SELECT ${number * 10 + outcome}, unhex('${condition(name)}'), ${outcome}, ${payouts[outcome]}, ${denominator}, 'pnl'`,
        );
      }
    }
    // The four cases of conservation, each in the market that Y won.
    await event('normal', 'carla', 'bob', 10, 0, 50_000_000, 25_000_000);
    await event('normal', 'carla', 'bob', 10, 0, 70_000_000, 35_000_000);
    await event('normal', 'bob', 'EX', 0, 10, 60_000_000, 120_000_000);
    await event('mint', 'minnie', 'mark', 10, 0, 50_000_000, 25_000_000);
    await event('mint', 'minnie', 'mark', 0, 11, 16_000_000, 40_000_000);
    await event('mint', 'mark', 'EX', 0, 10, 49_000_000, 90_000_000);
    await event('merge', 'maria', 'max', 11, 0, 75_000_000, 30_000_000);
    await event('merge', 'maria', 'max', 0, 10, 15_000_000, 25_000_000);
    await event('merge', 'max', 'EX', 10, 0, 100_000_000, 60_000_000);
    await event('refund', 'rosa', 'ralf', 10, 0, 100_000_000, 40_000_000);
    await event('refund', 'ralf', 'EX', 0, 10, 50_000_000, 100_000_000);
    // Fees on both sides, in a split market: the buyer's in shares, the seller's in USDC.
    await event('fees', 'sam', 'ben', 20, 0, 10_000_001, 5_000_000, 100_000);
    await event('fees', 'ben', 'EX', 0, 20, 5_000_000, 10_000_001, 200_000);
    // Open, with a wallet that is maker and taker of one transaction.
    await event('self', 'echo', 'echo', 30, 0, 10_000_000, 4_000_000);
    await event('self', 'echo', 'EX', 0, 30, 4_000_000, 10_000_000);
    await event('open', 'olga', 'otto', 30, 0, 10_000_000, 7_000_000, 0, 1_700_000_100);
    await event('open', 'otto', 'EX', 0, 30, 7_000_000, 10_000_000, 0, 1_700_000_100);
    // The vectors of the average cost, against a maker who takes the other side.
    await event('v1', 'vera', 'any', 0, 40, 3_180_000, 6_000_000, 0, 1);
    await event('v1', 'any', 'EX', 40, 0, 6_000_000, 3_180_000, 0, 1);
    await event('v2', 'vera', 'any', 0, 40, 1_000_000, 3_000_000, 0, 2);
    await event('v2', 'any', 'EX', 40, 0, 3_000_000, 1_000_000, 0, 2);
    await event('v3', 'vera', 'any', 40, 0, 4_000_000, 1_500_000, 0, 3);
    await event('v3', 'any', 'EX', 0, 40, 1_500_000, 4_000_000, 0, 3);
    await event('v4', 'vera', 'any', 40, 0, 9_000_000, 9_000_000, 0, 4);
    await event('v4', 'any', 'EX', 0, 40, 9_000_000, 9_000_000, 0, 4);
    // Dust: three micro-shares at 0.7, sold for nothing.
    await event('d1', 'dora', 'dust', 0, 41, 2, 3, 0, 5);
    await event('d1', 'dust', 'EX', 41, 0, 3, 2, 0, 5);
    await event('d2', 'dora', 'dust', 41, 0, 3, 0, 0, 6);
    await event('d2', 'dust', 'EX', 0, 41, 0, 3, 0, 6);
    // Shares that do not divide by three, long and short: each truncated toward zero.
    await event('thirds', 'tina', 'theo', 50, 0, 1_000_001, 400_000);
    await event('thirds', 'theo', 'EX', 0, 50, 400_000, 1_000_001);
    await rebuildPnlTables(workOn(hand));
  });

  test.each([
    // wallet, market, cash, net shares, ledger
    ['carla', 'won', '60', [-120, 0], '-60'],
    ['bob', 'won', '-60', [120, 0], '60'],
    ['minnie', 'won', '9', [-50, 40], '-41'],
    ['mark', 'won', '-49', [90, 0], '41'],
    ['maria', 'won', '15', [25, -75], '40'],
    ['max', 'won', '60', [-100, 0], '-40'],
    ['rosa', 'won', '40', [-100, 0], '-60'],
    ['ralf', 'won', '-50', [100, 0], '50'],
    ['sam', 'split', '4.9', [-10.000001, 0], '-0.1'],
    ['ben', 'split', '-5', [9.800001, 0], '-0.1'],
    ['tina', 'thirds', '0.4', [-1.000001, 0], '0.066667'],
    ['theo', 'thirds', '-0.4', [1.000001, 0], '-0.066667'],
  ])('%s in %s', async (wallet, market, cash, net, ledger) => {
    const row = await pnl(wallet, market);
    expect([row.cash, (row.net_shares as string[]).map(Number), row.ledger_pnl]).toEqual([cash, net, ledger]);
  });

  test('an unresolved market is open: no ledger figure, marked at its last price (mistake 11)', async () => {
    expect(await pnl('otto', 'open')).toMatchObject({
      resolved: false,
      ledger_pnl: null,
      payout: null,
      cash: '-7',
      mark_value: '7',
    });
    expect(await pnl('echo', 'open')).toMatchObject({ fills: '2', cash: '0', ledger_pnl: null, mark_value: '0' });
  });

  test('the average cost follows the vectors', async () => {
    expect(await pnl('vera', 'vector')).toMatchObject({ avg_cost_realized: '2.320004' });
    // BUY 3 micro-shares @0.666666, SELL 3 @0: 3 x -666666 / 10^6 = -1.999998, truncated.
    expect(await pnl('dora', 'vector')).toMatchObject({ avg_cost_realized: '-0.000001' });
    expect((await pnl('any', 'vector')).avg_cost_realized).toBe('0');
    expect((await pnl('max', 'won')).avg_cost_realized).toBe('0');
  });

  test('the oracle itself follows the vectors', () => {
    const state = { held: 0n, average: 0n, realized: 0n };
    averageCostStep(state, { buy: true, usdc: 3_180_000n, shares: 6_000_000n });
    averageCostStep(state, { buy: true, usdc: 1_000_000n, shares: 3_000_000n });
    expect(state).toEqual({ held: 9_000_000n, average: 464_444n, realized: 0n });
    averageCostStep(state, { buy: false, usdc: 1_500_000n, shares: 4_000_000n });
    expect(state).toEqual({ held: 5_000_000n, average: 464_444n, realized: -357_776n });
    averageCostStep(state, { buy: false, usdc: 9_000_000n, shares: 9_000_000n });
    expect(state).toEqual({ held: 0n, average: 464_444n, realized: 2_320_004n });
    expect(averageCostStep({ held: 3n, average: 700_000n, realized: 0n }, { buy: false, usdc: 0n, shares: 3n })).toBe(
      -2n,
    );
  });
});

describe('mistakes of others, made here on purpose, are caught', () => {
  /** Rebuilds with `from` replaced by `to` in one SQL file; returns the names of the failed gates. */
  async function withMistake(file: string, from: string, to: string): Promise<string[]> {
    const text = readFileSync(new URL(`../../../sql/${file}.sql`, import.meta.url), 'utf8').trim();
    if (!text.includes(from)) throw new Error(`${file} does not contain ${from}`);
    const real = vi.mocked(sqlFiles.loadSql).getMockImplementation();
    const original = (await vi.importActual<typeof sqlFiles>('../../../src/clickhouse/sql.js')).loadSql;
    vi.mocked(sqlFiles.loadSql).mockImplementation((name) =>
      name === file ? text.replaceAll(from, to) : original(name),
    );
    let gates: readonly Finding[] = [];
    const keep = (found: readonly Finding[]) => {
      gates = found;
    };
    try {
      await rebuildPnlTables(workOn(target), { onGates: keep });
    } catch (error) {
      if (gates.length === 0) throw error;
    } finally {
      vi.mocked(sqlFiles.loadSql).mockImplementation(real ?? original);
    }
    return gates.filter((gate) => gate.status === 'failed').map((gate) => tell(gate).name);
  }
  const ZERO = 'zero-sum of resolved conditions';

  test.each([
    [
      '3: fills credited to the counterparty',
      'pnl/wallet-market',
      'FROM {fills:Identifier} AS f',
      'FROM (SELECT * REPLACE (counterparty AS wallet), fee_usdc, fee_shares, net_shares FROM {fills:Identifier}) AS f',
      'no wallet lost',
    ],
    [
      '3: both parties credited',
      'pnl/wallet-market',
      'FROM {fills:Identifier} AS f',
      'FROM (SELECT *, fee_usdc, fee_shares, net_shares FROM {fills:Identifier} UNION ALL SELECT * REPLACE (counterparty AS wallet), fee_usdc, fee_shares, net_shares FROM {fills:Identifier}) AS f',
      'every fill counted once',
    ],
    [
      '5: micro-units taken for dollars',
      'pnl/wallet-market',
      'money(bought + sold)',
      'toDecimal128(bought + sold, 6)',
      'every fill counted once',
    ],
    [
      '6: fees as basis points',
      'pnl/wallet-market',
      'sum(toInt128(reinterpretAsInt64(f.fee_usdc)))',
      'sum(intDiv(toInt128(reinterpretAsInt64(f.fee_usdc)) * reinterpretAsInt64(f.usdc), 10000))',
      'every fill counted once',
    ],
    [
      '11: unresolved counted as lost',
      'pnl/wallet-market',
      'if(denominator > 0, money(net_cash + worth), NULL)',
      'money(net_cash + worth)',
      'unresolved is open, not lost',
    ],
    ['12: arrays that begin at 0', 'pnl/tokens', 'numerators[position]', 'numerators[position - 1]', ZERO],
    [
      '12: payout greater than 0 means 1',
      'pnl/tokens',
      'if(denominator > 0, numerators[position], toInt256(0))',
      'if(denominator > 0 AND numerators[position] > 0, denominator, toInt256(0))',
      ZERO,
    ],
    [
      '13: the sign of the winnings flipped',
      'pnl/wallet-market',
      'money(net_cash + worth)',
      'money(net_cash - worth)',
      ZERO,
    ],
    [
      '13: the sign of the cash flipped',
      'pnl/wallet-market',
      'sold - cash_fees - bought',
      'bought - cash_fees - sold',
      'every fill counted once',
    ],
    [
      'a market left out',
      'pnl/wallet-market',
      'GROUP BY held.wallet, t.condition_id',
      'WHERE t.condition_id NOT IN (SELECT min(condition_id) FROM {tokens:Identifier} WHERE denominator > 0)\n    GROUP BY held.wallet, t.condition_id',
      'every fill counted once',
    ],
    [
      'a market left out of the wallets',
      'pnl/wallet',
      'GROUP BY wallet',
      'WHERE condition_id != (SELECT max(condition_id) FROM {wallet_market:Identifier})\nGROUP BY wallet',
      'the two tables agree',
    ],
    [
      '15: a residual of another kind',
      'verify/residuals',
      "<= exchange_paid, 'refund'",
      "<= exchange_paid, 'unexplained'",
      'every residual is named',
    ],
  ])('mistake %s', async (_what, file, from, to, gate) => {
    expect(await withMistake(file, from, to)).toContain(gate);
  });

  test('a mistake in the average cost, which no gate can see, is seen by the ledger of this test', async () => {
    await withMistake(
      'pnl/average-cost',
      'intDiv(least(e.2, state.1) * (e.3 - state.2), toInt128(1000000))',
      'toInt128(floor(toFloat64(least(e.2, state.1)) * toFloat64(e.3 - state.2) / 1000000))',
    );
    expect((await differences()).length).toBeGreaterThan(0);
    await withMistake('pnl/average-cost', 'arraySort(events)', 'arrayReverseSort(events)');
    expect((await differences()).every((line) => line.includes('average cost'))).toBe(true);
    expect((await differences()).length).toBeGreaterThan(0);
    await rebuildPnlTables(workOn(target));
    expect(await differences()).toEqual([]);
  });

  test('a failed gate leaves the tables of before to their readers', async () => {
    const before = await target.query('SELECT count() AS n, sum(ledger_pnl) AS s FROM wallet_pnl');
    expect(await withMistake('pnl/wallet-market', 'money(net_cash + worth)', 'money(net_cash - worth)')).toContain(
      ZERO,
    );
    expect(await target.query('SELECT count() AS n, sum(ledger_pnl) AS s FROM wallet_pnl')).toEqual(before);
  });
});

describe('the exchange of the two tables', () => {
  test.each([0, 1, 3, 4, 6, 8])(
    'cut short at its moment %i it is finished by the next rebuild, and no scratch is left',
    async (moment) => {
      let seen = 0;
      const afterStep = () => {
        if (seen++ === moment) throw new Error('cut short');
      };
      await rebuildPnlTables(workOn(target), { afterStep }).catch((error: Error) =>
        expect(error.message).toBe('cut short'),
      );
      await rebuildPnlTables(workOn(target));
      expect((await history(target)).every((p) => p.outcome === 'done')).toBe(true);
      const tables = await target.query<{ name: string }>(
        "SELECT name FROM system.tables WHERE database = {d:String} AND (name LIKE '%staging%' OR name LIKE '%scratch%' OR name LIKE 'check%')",
        {
          params: { d: target.database },
        },
      );
      expect(tables).toEqual([]);
      const comments = await target.query<{ comment: string }>(
        "SELECT DISTINCT comment FROM system.tables WHERE database = {d:String} AND name IN ('wallet_pnl', 'wallet_market_pnl')",
        {
          params: { d: target.database },
        },
      );
      expect(comments).toHaveLength(1);
    },
  );

  test('P&L knows what it was made from: new resolutions and other fills leave it behind until it is rebuilt', async () => {
    const db = await server.database();
    await makeUniverse(db, { fills: LIVE, run: 'r1', matches: 50, markets: 5, wallets: 10 });
    expect(await whyPnlBehind(db)).toBe('it has not been made yet');
    await rebuildPnlTables(workOn(db));
    expect(await whyPnlBehind(db)).toBeNull();
    await db.command(
      `INSERT INTO outcome_tokens (token_id, condition_id, outcome_index, payout_numerator, payout_denominator, source)
       SELECT 999, unhex('${'ab'.repeat(32)}'), 0, 1, 1, 'pnl'`,
    );
    expect(await whyPnlBehind(db)).toBe('the tokens or resolutions changed since it was made');
    await db.command(
      `INSERT INTO ${LIVE} SELECT * REPLACE (unhex('${'cd'.repeat(32)}') AS tx_hash) FROM ${LIVE} LIMIT 1`,
    );
    expect(await whyPnlBehind(db)).toMatch(/live fills and the tokens/);
    await db.command(
      `ALTER TABLE ${LIVE} DELETE WHERE tx_hash = unhex('${'cd'.repeat(32)}') SETTINGS mutations_sync = 2`,
    );
    await rebuildPnlTables(workOn(db));
    expect(await whyPnlBehind(db)).toBeNull();
  });

  test('two rebuilds from two places at once: one is refused or waits its turn, and never is an empty table live', async () => {
    const db = await server.database();
    await makeUniverse(db, { fills: LIVE, run: 'r1', matches: 50, markets: 5, wallets: 10 });
    await rebuildPnlTables(workOn(db));
    const [before] = await db.query<{ n: string }>('SELECT count() AS n FROM wallet_market_pnl');
    const both = await Promise.allSettled([rebuildPnlTables(workOn(db)), rebuildPnlTables(workOn(db))]);
    expect(both.filter(({ status }) => status === 'fulfilled').length).toBeGreaterThan(0);
    for (const one of both) if (one.status === 'rejected') expect(one.reason).toMatchObject({ code: 1 });
    expect(await db.query('SELECT count() AS n FROM wallet_market_pnl')).toEqual([before]);
    expect(Number(before?.n)).toBeGreaterThan(0);
  });

  test('without a live table it says what to do (1)', async () => {
    const bare = await server.database();
    await expect(rebuildPnlTables(workOn(bare))).rejects.toMatchObject({
      code: 1,
      hint: 'run `backfill promote` first',
    });
  });
});
