/** Compares the P&L tables with a plain ledger over the true fills, both measures, to the micro-unit, in both directions. */
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { isBuy, tokenOf } from '../../src/simulator/truth.js';
import type { Fill } from '../../src/simulator/universe.js';
import { type LedgerFill, type LedgerToken, ledgerOf, type Position, UNKNOWN } from '../datasets/pnl/ledger.js';
import { ask } from './clickhouse.js';
import { compare, type ToJudge } from './judge.js';

const ZEROS = '0'.repeat(64);
const whole = (column: string) => `toString(reinterpretAsInt128(${column}))`;
const wholeOrNull = (column: string) =>
  `if(${column} IS NULL, '', toString(reinterpretAsInt128(assumeNotNull(${column}))))`;

export async function judgePnl(given: ToJudge, fills: readonly Fill[]): Promise<string[]> {
  const { server, database } = given;
  const wrong = await judgeTokens(given);
  const positions = ledgerOf(fills.map(ledgerFill), await readTokens(given));
  const held = await ask(
    server,
    database,
    `SELECT lower(hex(wallet)), lower(hex(condition_id)), fills, ${whole('cash')},
       arrayStringConcat(arrayMap(x -> ${whole('x')}, net_shares), ','),
       ${wholeOrNull('ledger_pnl')}, ${wholeOrNull('mark_value')}, ${whole('avg_cost_realized')}
     FROM wallet_market_pnl FORMAT TSV`,
  );
  wrong.push(...differences(given, 'wallet_market_pnl', [...positions].map(positionText), held));
  const wallets = await ask(
    server,
    database,
    `SELECT lower(hex(wallet)), fills, ${whole('ledger_pnl')}, ${whole('avg_cost_realized')}, ${whole('open_cash')}
     FROM wallet_pnl FORMAT TSV`,
  );
  wrong.push(...differences(given, 'wallet_pnl', walletTexts(positions), wallets));
  return wrong;
}

function differences(given: ToJudge, table: string, expected: readonly string[], held: readonly string[]): string[] {
  const { lost, doubled } = compare(expected, held);
  if (lost.length + doubled.length === 0) return [];
  const text = [...lost.map((row) => `expected\t${row}`), ...doubled.map((row) => `held\t${row}`)].sort().join('\n');
  writeFileSync(join(given.dir, `differences-${table}.tsv`), `${text}\n`);
  return [`${table} lacks ${lost.length} of ${expected.length} rows and holds ${doubled.length} others`];
}

function ledgerFill(fill: Fill): LedgerFill {
  const buy = isBuy(fill);
  return {
    id: fill.id,
    time: Number(fill.timestamp),
    wallet: fill.maker,
    token: tokenOf(fill),
    buy,
    shares: BigInt(buy ? fill.takerAmountFilled : fill.makerAmountFilled),
    usdc: BigInt(buy ? fill.makerAmountFilled : fill.takerAmountFilled),
    fee: BigInt(fill.fee),
  };
}

function positionText([key, at]: [string, Position]): string {
  const [wallet = '', condition = ''] = key.split(' ');
  return [
    wallet.slice(2),
    condition === UNKNOWN ? ZEROS : condition.slice(2),
    at.fills,
    at.cash,
    at.net.join(','),
    at.ledger ?? '',
    at.mark ?? '',
    at.averageCost,
  ].join('\t');
}

function walletTexts(positions: ReadonlyMap<string, Position>): string[] {
  const sums = new Map<string, { fills: number; ledger: bigint; averageCost: bigint; openCash: bigint }>();
  for (const [key, at] of positions) {
    const wallet = key.split(' ')[0] as string;
    const sum = sums.get(wallet) ?? { fills: 0, ledger: 0n, averageCost: 0n, openCash: 0n };
    sum.fills += at.fills;
    sum.averageCost += at.averageCost;
    if (at.ledger === null) sum.openCash += at.cash;
    else sum.ledger += at.ledger;
    sums.set(wallet, sum);
  }
  return [...sums].map(([wallet, sum]) =>
    [wallet.slice(2), sum.fills, sum.ledger, sum.averageCost, sum.openCash].join('\t'),
  );
}

/** The token map as the program keeps it: places and payouts. A condition of unknown places has its tokens in order of id. */
async function readTokens({ server, database }: ToJudge): Promise<Map<string, LedgerToken>> {
  const lines = await ask(
    server,
    database,
    `SELECT token_id, lower(hex(condition_id)), ifNull(toInt32(outcome_index), -1), payout_numerator, payout_denominator
     FROM outcome_tokens FINAL WHERE condition_id IS NOT NULL ORDER BY outcome_index, token_id FORMAT TSV`,
  );
  const placed = new Map<string, number>();
  return new Map(
    lines.map((line) => {
      const [id = '', condition = '', place = '', numerator = '0', denominator = '0'] = line.split('\t');
      const before = placed.get(condition) ?? 0;
      placed.set(condition, before + 1);
      const index = place === '-1' ? before : Number(place);
      return [
        id,
        { condition: `0x${condition}`, index, numerator: BigInt(numerator), denominator: BigInt(denominator) },
      ];
    }),
  );
}

/** Every token of a condition that the source explains stands in the map, in its place, with what it pays. */
async function judgeTokens(given: ToJudge): Promise<string[]> {
  const { server, database, universe, headMoved } = given;
  // Read at a head that lay behind, a condition may not have been resolved, or not have been there.
  if (headMoved) return [];
  const conditions = universe.conditions(universe.lastBlock);
  const expected: string[] = [];
  for (let i = 0; i < conditions.size; i++) {
    const { id, positionIds, payoutNumerators, payoutDenominator } = conditions.row(i);
    const open = payoutDenominator === '0' || payoutNumerators.length === 0;
    for (const [place, token] of positionIds.entries()) {
      expected.push(
        [token, id.slice(2), place, open ? '0' : payoutNumerators[place], open ? '0' : payoutDenominator].join('\t'),
      );
    }
  }
  const held = await ask(
    server,
    database,
    `SELECT token_id, lower(hex(condition_id)), outcome_index, payout_numerator, payout_denominator
     FROM outcome_tokens FINAL WHERE outcome_index IS NOT NULL FORMAT TSV`,
  );
  return differences(given, 'outcome_tokens', expected, held);
}
