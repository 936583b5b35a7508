import { join } from 'node:path';
import { stagingOwner } from '../../clickhouse/staging.js';
import { FILLS_LIVE } from '../../clickhouse/tables.js';
import { EXIT, ExitError, usageError } from '../../core/exit.js';
import { readBaseline } from '../../datasets/pnl/baseline.js';
import type { Compared } from '../../datasets/pnl/causes.js';
import { saveFills, validateWallets } from '../../datasets/pnl/validate.js';
import { formatCount, formatMicros } from '../../report/format.js';
import { renderTable } from '../../report/table.js';
import { writeDurably } from '../../run/durable-file.js';
import { findRun, RunFolder } from '../../run/run-folder.js';
import type { Context } from '../context.js';
import { openWork } from '../open-target.js';

/** Compares wallets with known figures. Throws ExitError(4) when fewer than --min-pass meet them. */
export async function validatePnl(ctx: Context): Promise<void> {
  const { baseline: path, tolerance, saveTable, checkpoints } = ctx.config;
  if (path === undefined) throw usageError('--baseline FILE is missing', 'a CSV of wallet,expected_pnl[,measure]');
  const baseline = readBaseline(path);
  const minPass = ctx.config.minPass ?? baseline.length;
  if (minPass > baseline.length) {
    throw usageError(`--min-pass ${minPass}, but ${path} names ${baseline.length} wallets`);
  }
  const work = await openWork(ctx);
  const compared = await validateWallets(work, baseline, tolerance);
  const run = (await stagingOwner(work.target, FILLS_LIVE))?.owner;
  const found = run === undefined ? null : findRun(checkpoints, run);
  const folder = found?.folder ?? RunFolder.create(checkpoints, '.tables');
  const csvPath = join(folder.dir, 'validate-pnl.csv');
  writeDurably(csvPath, toCsv(compared));
  const saved = saveTable === undefined ? null : await saveFills(work, saveTable, baseline);
  const passes = compared.filter((row) => row.passed).length;
  ctx.out.result({
    passes,
    wallets: compared.length,
    minPass,
    tolerance,
    csv: csvPath,
    savedFills: saved,
    rows: compared.map((row) => ({
      ...row,
      expectedMicros: row.expectedMicros.toString(),
      computedMicros: row.computedMicros.toString(),
      differenceMicros: row.differenceMicros.toString(),
    })),
  });
  ctx.out.text(describe(compared));
  ctx.out.text(`${passes} of ${compared.length} within ${tolerance * 100} %; ${csvPath}`);
  if (saved !== null) ctx.out.text(`${formatCount(saved)} fills of these wallets are kept in ${saveTable}`);
  if (passes < minPass) {
    throw new ExitError(
      EXIT.baselineNotMet,
      `${passes} of ${compared.length} wallets meet their figure, ${minPass} must`,
      'the last column names what would explain a difference; --save-table keeps their fills for a closer look',
    );
  }
}

function describe(compared: readonly Compared[]): string {
  return renderTable(
    ['wallet', 'measure', 'expected', 'computed', 'difference', 'fills', 'open', '', 'cause'],
    compared.map((row) => [
      row.wallet,
      row.measure,
      formatMicros(row.expectedMicros),
      formatMicros(row.computedMicros),
      formatMicros(row.differenceMicros),
      formatCount(row.fills),
      `${(row.openPpm / 10_000).toFixed(1)} %`,
      row.passed ? 'ok' : 'MISS',
      row.cause ?? '',
    ]),
    [2, 3, 4, 5, 6],
  );
}

function toCsv(compared: readonly Compared[]): string {
  const plain = (micros: bigint): string => formatMicros(micros).replaceAll(',', '');
  const lines = compared.map((row) =>
    [
      row.wallet,
      row.measure,
      plain(row.expectedMicros),
      plain(row.computedMicros),
      plain(row.differenceMicros),
      row.fills,
      (row.openPpm / 1_000_000).toFixed(6),
      row.passed ? 'pass' : 'miss',
      `"${(row.cause ?? '').replaceAll('"', '""')}"`,
    ].join(','),
  );
  return `${['wallet,measure,expected,computed,difference,fills,unresolved_share,result,cause', ...lines].join('\n')}\n`;
}
