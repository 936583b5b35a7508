import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { Target } from '../../../src/clickhouse/target.js';
import { readBaseline } from '../../../src/datasets/pnl/baseline.js';
import { compare, type WalletFigures } from '../../../src/datasets/pnl/causes.js';
import { rebuildPnlTables } from '../../../src/datasets/pnl/rebuild.js';
import { saveFills, validateWallets } from '../../../src/datasets/pnl/validate.js';
import { startTestClickHouse, type TestClickHouse } from '../../support/clickhouse.js';
import { makeUniverse, workOn } from './universe/universe.js';

const dir = mkdtempSync(join(tmpdir(), 'backfill-baseline-'));
afterAll(() => rmSync(dir, { recursive: true, force: true }));
function file(text: string): string {
  const path = join(dir, `${Math.random()}.csv`);
  writeFileSync(path, text);
  return path;
}
const A = `0x${'Ab'.repeat(20)}`;
const B = `0x${'cd'.repeat(20)}`;

describe('a baseline file', () => {
  test('holds wallets, amounts and measures, with or without a header', () => {
    const rows = readBaseline(
      file(
        `wallet,expected_pnl,measure\n${A},-1234.5\n${B},"$1,000",average_cost\n# a remark\n${B},0.0000019,ledger\n`,
      ),
    );
    expect(rows).toEqual([
      { wallet: 'ab'.repeat(20), expectedMicros: -1_234_500_000n, roundingMicros: 50_000n, measure: 'ledger' },
      { wallet: 'cd'.repeat(20), expectedMicros: 1_000_000_000n, roundingMicros: 500_000n, measure: 'average_cost' },
      { wallet: 'cd'.repeat(20), expectedMicros: 1n, roundingMicros: 0n, measure: 'ledger' },
    ]);
  });

  test.each([
    ['0x12,5', /line 1: "0x12" is no wallet/],
    [`${A},five`, /line 1: "five" is no amount/],
    [`${A},1\n${A.toLowerCase()},2`, /line 2: .* stands on line 1 already/],
    [`${A},1,guess`, /line 1: unknown measure "guess"/],
    [`${A},1,000,ledger`, /line 1: 4 columns/],
    ['', /names no wallet/],
  ])('with a mistake is refused (1): %s', (text, message) => {
    expect(() => readBaseline(file(text))).toThrow(message);
  });
});

describe('a known cause', () => {
  const figures: WalletFigures = {
    fills: 10,
    volume: 5_000_000_000n,
    openVolume: 500_000_000n,
    ledger: 100_000_000n,
    averageCost: 140_000_000n,
    openCash: -30_000_000n,
    markValue: 12_000_000n,
    grossLedger: 115_000_000n,
    otherSide: 90_000_000n,
  };
  const of = (expectedMicros: bigint) =>
    compare({ wallet: 'ab', expectedMicros, roundingMicros: 0n, measure: 'ledger' }, figures, 0.01);
  test.each([
    [100_900_000n, null],
    [-100_000_000n, /opposite sign/],
    [100_000_000_000_000n, /micro-units taken for dollars/],
    [140_000_000n, /average cost/],
    [115_000_000n, /fees/],
    [70_000_000n, /counted as lost/],
    [82_000_000n, /last price/],
    [190_000_000n, /both sides/],
    [55_000_000n, /none fits; 10 % of its volume is unresolved/],
  ])('of an expected %i', (expected, cause) => {
    const found = of(expected);
    expect(found.passed).toBe(cause === null);
    if (cause !== null) expect(found.cause).toMatch(cause);
  });

  test('of a wallet that is not here is coverage', () => {
    expect(
      compare({ wallet: 'ab', expectedMicros: 0n, roundingMicros: 0n, measure: 'ledger' }, undefined, 0.01),
    ).toMatchObject({
      passed: false,
      cause: expect.stringContaining('coverage'),
    });
  });
});

describe('validate-pnl on live tables', () => {
  let server: TestClickHouse;
  let target: Target;
  beforeAll(async () => {
    server = await startTestClickHouse();
    target = await server.database();
  });
  afterAll(() => server?.stop());

  test('without P&L tables it says what to do (1)', async () => {
    await expect(validateWallets(workOn(target), [], 0.01)).rejects.toMatchObject({ code: 1 });
  });

  test('computes every figure from the tables, finds gross and other-side figures, and keeps the fills', async () => {
    await makeUniverse(target, { fills: 'clob_fills', run: 'r1', matches: 8000, markets: 50, wallets: 60 });
    await rebuildPnlTables(workOn(target));
    const rows = await target.query<{ w: string; ledger: string; average: string }>(
      'SELECT lower(hex(wallet)) AS w, reinterpretAsInt128(ledger_pnl) AS ledger, reinterpretAsInt128(avg_cost_realized) AS average FROM wallet_pnl',
    );
    const baseline = rows.flatMap(({ w, ledger, average }) => [
      { wallet: w, expectedMicros: BigInt(ledger), roundingMicros: 0n, measure: 'ledger' as const },
      { wallet: w, expectedMicros: BigInt(average), roundingMicros: 0n, measure: 'average_cost' as const },
    ]);
    const compared = await validateWallets(workOn(target), baseline, 0);
    expect(compared.filter((row) => !row.passed)).toEqual([]);

    // Gross of fees a resolved market sums to its residuals: so do the gross figures of all wallets, to truncation.
    const [gross] = await target.query<{ g: string }>(
      `SELECT sum(toInt256(reinterpretAsInt128(cash)) + reinterpretAsInt128(fee_usdc)) AS g FROM wallet_market_pnl WHERE resolved`,
    );
    expect(gross).toBeDefined();
    const most = rows.reduce((a, b) => (BigInt(a.ledger) > BigInt(b.ledger) ? a : b));
    const [flipped] = await validateWallets(
      workOn(target),
      [{ wallet: most.w, expectedMicros: -BigInt(most.ledger), roundingMicros: 0n, measure: 'ledger' }],
      0.001,
    );
    expect(flipped).toMatchObject({ passed: false, cause: 'opposite sign' });

    const wanted = [{ wallet: most.w, expectedMicros: 0n, roundingMicros: 0n, measure: 'ledger' as const }];
    const saved = await saveFills(workOn(target), 'leaderboard_baseline', wanted);
    const [counted] = await target.query<{ n: string }>(
      `SELECT count() AS n FROM clob_fills WHERE wallet = unhex('${most.w}') OR counterparty = unhex('${most.w}')`,
    );
    expect(saved).toBe(Number(counted?.n));
    expect(await saveFills(workOn(target), 'leaderboard_baseline', wanted)).toBe(saved);
    await expect(saveFills(workOn(target), 'wallet_pnl', wanted)).rejects.toMatchObject({ code: 1 });
  });
});
