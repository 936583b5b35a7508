/** Compares what ClickHouse holds with the truth, row by row, in both directions. */
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { FILLS_LIVE, FILLS_STAGING } from '../../src/clickhouse/tables.js';
import type { Universe } from '../../src/simulator/universe.js';
import { ask, type Server } from './clickhouse.js';
import { judgePnl } from './judge-pnl.js';
import { rowText, type Truth } from './truth.js';

export interface ToJudge {
  readonly server: Server;
  readonly database: string;
  readonly job: 'fills' | 'run';
  readonly promoted: boolean;
  /** The last command found everything in order. */
  readonly verified: boolean;
  readonly universe: Universe;
  readonly block: number;
  readonly truth: Truth;
  readonly rejectedFile: string;
  /** Every malformed row must have been rejected; otherwise some may have been read well after the faults ended. */
  readonly exactRejects: boolean;
  /** The source's head lay behind for a while. */
  readonly headMoved: boolean;
  /** Where differences are written to. */
  readonly dir: string;
}

export interface Judged {
  readonly rows: number;
  readonly rejected: number;
  readonly lost: number;
  readonly doubled: number;
  readonly wrong: string[];
}

const COLUMNS = `lower(hex(tx_hash)), lower(hex(order_hash)), toUnixTimestamp(block_time), lower(hex(wallet)),
  lower(hex(counterparty)), token_id, side, reinterpretAsInt64(shares), reinterpretAsInt64(usdc), reinterpretAsInt64(fee)`;

export async function judge(given: ToJudge): Promise<Judged> {
  const { server, database, truth } = given;
  const wrong: string[] = [];
  const table = given.job === 'run' && given.promoted ? FILLS_LIVE : FILLS_STAGING;
  // After verify or promote a plain count must be right; before, copies may wait for a merge.
  const held = await ask(
    server,
    database,
    `SELECT ${COLUMNS} FROM ${table}${given.verified ? '' : ' FINAL'} FORMAT TSV`,
  );
  const rejected = judgeRejected(given, wrong);
  const expected = [...truth.good, ...[...truth.bad].filter(([id]) => !rejected.has(id)).map(([, fill]) => fill)];
  const { lost, doubled } = compare(expected.map(rowText), held);
  if (lost.length > 0) wrong.push(`${table} lacks ${lost.length} rows`);
  if (doubled.length > 0) wrong.push(`${table} holds ${doubled.length} rows too many`);
  if (lost.length + doubled.length > 0) {
    const text = [...lost.map((row) => `lost\t${row}`), ...doubled.map((row) => `doubled\t${row}`)].join('\n');
    writeFileSync(join(given.dir, 'differences.tsv'), `${text}\n`);
  }
  const [counts] = await ask(server, database, `SELECT count(), (SELECT count() FROM ${table} FINAL) FROM ${table}`);
  const [plain, final] = (counts ?? '').split('\t');
  if (given.verified && plain !== final) wrong.push(`count() of ${table} is ${plain}, count() FINAL ${final}`);
  if (given.job === 'run' && given.promoted) wrong.push(...(await judgePnl(given, expected)));
  return { rows: held.length, rejected: rejected.size, lost: lost.length, doubled: doubled.length, wrong };
}

/** Multiset difference, both ways. */
export function compare(expected: readonly string[], held: readonly string[]): { lost: string[]; doubled: string[] } {
  const counts = new Map<string, number>();
  for (const row of expected) counts.set(row, (counts.get(row) ?? 0) + 1);
  const doubled: string[] = [];
  for (const row of held) {
    const left = counts.get(row) ?? 0;
    if (left === 0) doubled.push(row);
    else counts.set(row, left - 1);
  }
  const lost = [...counts].flatMap(([row, count]) => Array<string>(count).fill(row));
  return { lost, doubled };
}

/** The rows that the program set aside are exactly the malformed ones, each once. Returns the ids they came under. */
function judgeRejected({ rejectedFile, truth, exactRejects }: ToJudge, wrong: string[]): Set<string> {
  const ids = readLines(rejectedFile).map((line) => String((JSON.parse(line) as { row: { id: unknown } }).row.id));
  const distinct = new Set(ids);
  if (distinct.size !== ids.length)
    wrong.push(`${ids.length - distinct.size} rejected rows stand twice in rejected.ndjson`);
  const innocent = [...distinct].filter((id) => !truth.bad.has(id));
  if (innocent.length > 0) wrong.push(`${innocent.length} rows were rejected that are well: ${innocent[0]}`);
  const missed = [...truth.bad.keys()].filter((id) => !distinct.has(id));
  if (exactRejects && missed.length > 0) wrong.push(`${missed.length} malformed rows were not rejected: ${missed[0]}`);
  return distinct;
}

function readLines(path: string): string[] {
  try {
    return readFileSync(path, 'utf8')
      .split('\n')
      .filter((line) => line !== '');
  } catch {
    return [];
  }
}
