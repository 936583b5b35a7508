import { readFileSync } from 'node:fs';
import { parse } from 'csv-parse/sync';
import { usageError } from '../../core/exit.js';

export type Measure = 'ledger' | 'average_cost';

export interface BaselineRow {
  /** 40 hex digits, lower case, without 0x. */
  readonly wallet: string;
  readonly expectedMicros: bigint;
  /** Half a unit of the last digit that was given: a figure rounded to cents cannot be met more closely. */
  readonly roundingMicros: bigint;
  readonly measure: Measure;
}

const MEASURES: Readonly<Record<string, Measure>> = {
  '': 'ledger',
  ledger: 'ledger',
  ledger_pnl: 'ledger',
  average_cost: 'average_cost',
  avg_cost: 'average_cost',
  avg_cost_realized: 'average_cost',
};
const MAX_ROWS = 10_000;

/** CSV `wallet,expected_pnl[,measure]`, with or without that header. Throws ExitError(1) naming the line. */
export function readBaseline(path: string): BaselineRow[] {
  let text: string;
  try {
    text = readFileSync(path, 'utf8');
  } catch (error) {
    throw usageError(`--baseline ${path} cannot be read: ${(error as Error).message}`);
  }
  let records: { record: string[]; info: { lines: number } }[];
  try {
    records = parse(text, {
      bom: true,
      trim: true,
      comment: '#',
      skip_empty_lines: true,
      relax_column_count: true,
      info: true,
    }) as unknown as typeof records;
  } catch (error) {
    throw usageError(`--baseline ${path} is no CSV: ${(error as Error).message}`);
  }
  const rows: BaselineRow[] = [];
  const seen = new Map<string, number>();
  for (const { record, info } of records) {
    if (rows.length === 0 && record[0]?.toLowerCase() === 'wallet') continue;
    const wrong = (what: string) =>
      usageError(`--baseline ${path}, line ${info.lines}: ${what}`, 'each line is wallet,expected_pnl[,measure]');
    const [wallet = '', expected = '', measureText = '', ...more] = record;
    if (more.length > 0) throw wrong(`${record.length} columns; a number with a comma must stand in quotes`);
    const address = /^0x([0-9a-fA-F]{40})$/.exec(wallet)?.[1]?.toLowerCase();
    if (address === undefined) throw wrong(`${JSON.stringify(wallet)} is no wallet: 0x and 40 hex digits`);
    const number = /^([+-]?)\$?([+-]?)(\d[\d,]*)(?:\.(\d+))?$/.exec(expected);
    if (number === null || (number[1] !== '' && number[2] !== ''))
      throw wrong(`${JSON.stringify(expected)} is no amount of USDC`);
    const measure = MEASURES[measureText.toLowerCase()];
    if (measure === undefined) throw wrong(`unknown measure ${JSON.stringify(measureText)}: ledger or average_cost`);
    const key = `${address} ${measure}`;
    const before = seen.get(key);
    if (before !== undefined) throw wrong(`${wallet} stands on line ${before} already`);
    seen.set(key, info.lines);
    if (rows.length >= MAX_ROWS) throw wrong(`more than ${MAX_ROWS} wallets`);
    rows.push({ wallet: address, measure, ...amount(number) });
  }
  if (rows.length === 0)
    throw usageError(`--baseline ${path} names no wallet`, 'each line is wallet,expected_pnl[,measure]');
  return rows;
}

function amount(number: RegExpExecArray): { expectedMicros: bigint; roundingMicros: bigint } {
  const digits = number[4] ?? '';
  const whole = BigInt((number[3] ?? '').replaceAll(',', '')) * 1_000_000n + BigInt(digits.slice(0, 6).padEnd(6, '0'));
  const negative = number[1] === '-' || number[2] === '-';
  return {
    expectedMicros: negative ? -whole : whole,
    roundingMicros: 10n ** BigInt(6 - Math.min(6, digits.length)) / 2n,
  };
}
