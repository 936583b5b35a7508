import { longQueryFile, only, runFile, sliceCount, type Work } from '../../../clickhouse/heavy.js';
import { type Finding, finding, type RawFigures, WORST } from '../../../core/finding.js';
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

export async function rangeGate(work: Work, fills: string, rows: number): Promise<Finding> {
  const wrong = await longQueryFile<{ id: string; token: string; wrong: string; total: string }>(work, 'verify/range', {
    names: { fills },
    params: { limit: WORST },
  });
  const total = Number(wrong[0]?.total ?? 0);
  return finding(
    'range',
    total === 0 ? 'passed' : 'failed',
    { rows, wrong: total },
    wrong.map((row) => ({ fill: row.id, token: row.token, wrong: row.wrong })),
  );
}

/** `count()` = `count() FINAL` = distinct fills: a copy under another token or time is found too. */
export async function uniqueGate(work: Work, fills: string, rows: number): Promise<Finding> {
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
  const once = finding('unique', 'passed', { rows: seen, doubled: 0, copies: 0 });
  if (surplus === 0) return once;
  const doubled = await findDoubled(work, fills, rows);
  const total = doubled.reduce((sum, slice) => sum + slice.total, 0);
  const copies = seen - (await countRows(work, fills)).final;
  if (total === 0 && copies === 0) return once;
  return finding(
    'unique',
    'failed',
    { rows: seen, doubled: total, copies },
    doubled.flatMap((slice) => slice.worst),
  );
}

async function findDoubled(work: Work, fills: string, rows: number): Promise<{ total: number; worst: RawFigures[] }[]> {
  const slices = sliceCount(rows, DOUBLED_BYTES_PER_ROW, work.maxMemoryMb);
  const found: { total: number; worst: RawFigures[] }[] = [];
  for (let slice = 0; slice < slices; slice++) {
    const doubled = await longQueryFile<{ id: string; copies: string; tokens: string; times: string; total: string }>(
      work,
      'verify/doubled',
      { names: { fills }, params: { slices, slice, limit: WORST } },
    );
    found.push({
      total: Number(doubled[0]?.total ?? 0),
      worst: doubled.map((row) => ({
        fill: row.id,
        copies: Number(row.copies),
        tokens: row.tokens,
        times: row.times,
      })),
    });
  }
  return found;
}
