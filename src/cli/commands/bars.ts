import { existsSync, readFileSync } from 'node:fs';
import { preflight } from '../../clickhouse/preflight.js';
import { ensureDatabase } from '../../clickhouse/schema.js';
import { EXIT, ExitError, usageError } from '../../core/exit.js';
import { FailureError } from '../../core/failure.js';
import { type BarsReport, loadBars } from '../../datasets/bars/load.js';
import type { BarsAsked } from '../../datasets/bars/plan.js';
import { formatCount, formatDuration } from '../../report/format.js';
import { renderFacts } from '../../report/table.js';
import { retryingOf } from '../again.js';
import type { Context } from '../context.js';
import { openTargetOf } from '../open-target.js';

/** Bars of listed instruments from Massive. */
export async function bars(ctx: Context): Promise<void> {
  const { config } = ctx;
  const asked = askedOf(ctx);
  const { target } = await openTargetOf(ctx);
  await preflight(target);
  await ensureDatabase(target);
  const report = await loadBars(target, asked, {
    url: config.massiveUrl,
    key: config.massiveApiKey,
    rpm: config.rpm,
    deadlineMs: config.requestTimeout,
    ...retryingOf(ctx),
  }).catch(explain);
  ctx.out.result({ ...report });
  ctx.out.text(renderBars(report));
  if (report.failures.length === 0) return;
  const message = `${report.failures.length} of ${report.planned} requests were refused: ${report.failures[0]?.message}`;
  throw new ExitError(EXIT.leftOver, message, 'the other bars are loaded; check the symbols and days', true);
}

function askedOf({ config }: Context): BarsAsked {
  const { symbols, from, to, timespan } = config;
  if (symbols === undefined)
    throw usageError('--symbols is missing', 'give a list like AAPL,MSFT or a file with one a line');
  if (from === undefined || to === undefined)
    throw usageError('--from and --to are missing', 'give days like 2026-01-02');
  if (from > to) throw usageError(`--from ${from} lies after --to ${to}`);
  const names = (existsSync(symbols) ? linesOf(symbols) : symbols.split(',')).map((name) => name.trim());
  const usable = [...new Set(names)].filter((name) => name !== '');
  const odd = usable.find((name) => !/^[A-Za-z0-9.:_-]{1,32}$/.test(name));
  if (odd !== undefined) throw usageError(`--symbols: not a symbol: ${JSON.stringify(odd.slice(0, 40))}`);
  if (usable.length === 0) throw usageError(`--symbols ${symbols}: there is no symbol in it`);
  return { symbols: usable, from, to, timespans: timespan };
}

/** The first column of each line that is no comment. */
function linesOf(file: string): string[] {
  const lines = readFileSync(file, 'utf8').split('\n');
  return lines
    .map((line) => (line.split(/[,\t]/)[0] as string).trim())
    .filter((line) => line !== '' && !line.startsWith('#'));
}

function explain(error: unknown): never {
  if (error instanceof FailureError && error.failure.code === 'query_refused') {
    throw usageError(error.failure.message, 'check MASSIVE_API_KEY and --massive-url');
  }
  throw error;
}

function renderBars(report: BarsReport): string {
  const facts: [string, string][] = [
    ['bars', formatCount(report.bars)],
    ['requests', `${formatCount(report.requests)}, ${formatCount(report.planned)} planned`],
    ['time', formatDuration(report.elapsedMs)],
    ['waiting', `source ${formatDuration(report.requestMs)}, inserts ${formatDuration(report.insertMs)}, side by side`],
  ];
  if (report.empty.length > 0) facts.push(['no bars', report.empty.slice(0, 20).join(', ')]);
  return renderFacts(facts);
}
