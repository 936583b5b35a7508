import { longQueryFile, only, runFile, sliceCount, type Work } from '../../../clickhouse/heavy.js';
import { failedGate, type Gate, passed, WORST } from '../../../publish/gate.js';
import { formatCount } from '../../../report/format.js';

/** Uniqueness keeps a hash of every pair: measured 83 bytes a row. */
const UNIQUE_BYTES_PER_ROW = 85;
/** The exact form keeps both hashes and spills; the slice only bounds what it spills. */
const DOUBLED_BYTES_PER_ROW = 200;

/** Collapses the table unless it holds one copy of everything already. Returns its rows. */
export async function collapse(work: Work, fills: string): Promise<number> {
  const before = await countRows(work, fills);
  if (before.rows === before.final) return before.rows;
  work.log.info(`collapsing ${formatCount(before.rows - before.final)} copies that replayed chunks left in ${fills}`);
  await runFile(work, 'verify/collapse', { names: { fills } });
  return (await countRows(work, fills)).rows;
}

async function countRows(work: Work, fills: string): Promise<{ rows: number; final: number }> {
  const row = only(
    await longQueryFile<{ rows: string; rows_final: string }>(work, 'verify/collapsed', { names: { fills } }),
    fills,
  );
  return { rows: Number(row.rows), final: Number(row.rows_final) };
}

export async function rangeGate(work: Work, fills: string, rows: number): Promise<Gate> {
  const name = 'values in range';
  const wrong = await longQueryFile<{ id: string; token: string; wrong: string; total: string }>(work, 'verify/range', {
    names: { fills },
    params: { limit: WORST },
  });
  const total = Number(wrong[0]?.total ?? 0);
  if (total === 0) return passed(name, `${formatCount(rows)} rows`);
  return failedGate(
    name,
    `${formatCount(total)} of ${formatCount(rows)} rows`,
    wrong.map((row) => `${row.id} token ${row.token}: ${row.wrong}`),
    'something else than backfill wrote to this table: load it anew with `backfill fills --fresh`',
  );
}

/** `count()` = `count() FINAL` = distinct (tx_hash, order_hash): a copy under another token or time is found too. */
export async function uniqueGate(work: Work, fills: string, rows: number): Promise<Gate> {
  const name = 'every fill once';
  const slices = sliceCount(rows, UNIQUE_BYTES_PER_ROW, work.maxMemoryMb);
  let seen = 0;
  let surplus = 0;
  for (let slice = 0; slice < slices; slice++) {
    const row = only(
      await longQueryFile<{ rows: string; surplus: string }>(work, 'verify/unique', {
        names: { fills },
        params: { slices, slice },
      }),
      fills,
    );
    seen += Number(row.rows);
    surplus += Number(row.surplus);
    if (slices > 1) work.log.debug(`uniqueness: slice ${slice + 1} of ${slices}`);
  }
  // Rows that differ in this pair differ in the sorting key, so that none of them can collapse.
  const once = passed(name, `${formatCount(seen)} rows = FINAL = distinct (tx_hash, order_hash)`);
  if (surplus === 0) return once;
  const doubled = await findDoubled(work, fills, rows);
  const total = doubled.reduce((sum, slice) => sum + slice.total, 0);
  const copies = seen - (await countRows(work, fills)).final;
  if (total === 0 && copies === 0) return once;
  return failedGate(
    name,
    `${formatCount(total)} fills stand in the table more than once${copies === 0 ? '' : `; ${formatCount(copies)} rows collapse`}`,
    doubled.flatMap((slice) => slice.lines),
    'rows were written beside the run: load the table anew with `backfill fills --fresh`',
  );
}

async function findDoubled(work: Work, fills: string, rows: number): Promise<{ total: number; lines: string[] }[]> {
  const slices = sliceCount(rows, DOUBLED_BYTES_PER_ROW, work.maxMemoryMb);
  const found: { total: number; lines: string[] }[] = [];
  for (let slice = 0; slice < slices; slice++) {
    const doubled = await longQueryFile<{ id: string; copies: string; tokens: string; times: string; total: string }>(
      work,
      'verify/doubled',
      { names: { fills }, params: { slices, slice, limit: WORST } },
    );
    found.push({
      total: Number(doubled[0]?.total ?? 0),
      lines: doubled.map((row) => `${row.id} ${row.copies} times: token ${row.tokens} at ${row.times}`),
    });
  }
  return found;
}
