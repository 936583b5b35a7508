import { checkFillsStructure } from '../../clickhouse/schema.js';
import { loadSql } from '../../clickhouse/sql.js';
import { stagingOwner } from '../../clickhouse/staging.js';
import { FILLS_LIVE } from '../../clickhouse/tables.js';
import type { Target } from '../../clickhouse/target.js';
import { usageError } from '../../core/exit.js';
import type { StepContext } from '../../report/step.js';
import type { TokenCount } from './plan/chunk.js';
import type { Planned } from './planning.js';

/** What a refresh compares and what it must fetch. */
export interface RefreshPlan {
  /** Everything staging must hold in the end: what was selected, and what live holds already. */
  readonly universe: readonly TokenCount[];
  /** Tokens of it whose fills or volume differ from live. */
  readonly differing: readonly TokenCount[];
  /** Tokens of it that nothing can be compared of: fetched each time. */
  readonly uncounted: readonly string[];
  /** Tokens of live that the source does not count. */
  readonly foreignTokens: number;
}

/** What the live run found the source to serve of a token and side, where that is fewer than it counts. */
interface KnownShort {
  readonly token: string;
  readonly side: 'BUY' | 'SELL';
  readonly countedRows: string;
  readonly servedRows: string;
  readonly countedMicros: string;
  readonly servedMicros: string;
}

type Counted = Readonly<Record<'token' | 'buys' | 'sells' | 'buyMicros' | 'sellMicros', string>>;

/** Compares the source's counts with the live table, token by token. Throws ExitError(1) when there is no live table. */
export async function planRefresh(target: Target, planned: Planned): Promise<RefreshPlan> {
  const differences = await checkFillsStructure(target, FILLS_LIVE);
  if (differences === undefined) {
    throw usageError(
      `there is no table ${target.database}.${FILLS_LIVE} to refresh`,
      'load it first, without --refresh',
    );
  }
  if (differences.length > 0) {
    throw usageError(
      `the table ${target.database}.${FILLS_LIVE} has another structure: ${differences.join('; ')}`,
      'load everything anew, without --refresh',
    );
  }
  const rows = await target.query<Counted>(loadSql('refresh/live_counts'), { purpose: 'counting the live table' });
  const live = new Map(rows.map((row) => [row.token, row]));
  const short = await readKnownShort(target);
  const selected = new Set(planned.selected.tokens.map(({ token }) => token));
  const universe = planned.known.tokens.filter(({ token }) => selected.has(token) || live.has(token));
  const chosen = new Set(planned.selected.uncounted);
  const uncounted = planned.known.uncounted.filter((token) => chosen.has(token) || live.has(token));
  const known = new Set([...universe.map(({ token }) => token), ...uncounted]);
  return {
    universe,
    uncounted,
    differing: universe.filter((count) => !sameCounts(toHave(count, short), live.get(count.token))),
    foreignTokens: rows.filter(({ token }) => !known.has(token)).length,
  };
}

/** By `token side`. */
async function readKnownShort(target: Target): Promise<ReadonlyMap<string, KnownShort>> {
  await target.command(loadSql('verify/create-source-short'));
  const rows = await target.query<KnownShort>(loadSql('refresh/known_short'), {
    params: { run: await liveRun(target) },
    purpose: 'reading what the source is known to be short of',
  });
  return new Map(rows.map((row) => [`${row.token} ${row.side}`, row]));
}

async function liveRun(target: Target): Promise<string> {
  return (await stagingOwner(target, FILLS_LIVE))?.owner ?? '';
}

/** What a table is to hold that is not to be fetched again: the source's count, but where it serves fewer and did so before. */
function toHave(count: TokenCount, short: ReadonlyMap<string, KnownShort>): TokenCount {
  const { token } = count;
  const of = (side: KnownShort['side'], rows: number, micros: string) => {
    const known = short.get(`${token} ${side}`);
    const asThen = known !== undefined && known.countedRows === String(rows) && known.countedMicros === micros;
    return asThen ? { rows: Number(known.servedRows), micros: known.servedMicros } : { rows, micros };
  };
  const buy = of('BUY', count.buys, count.buyMicros);
  const sell = of('SELL', count.sells, count.sellMicros);
  return { ...count, buys: buy.rows, sells: sell.rows, buyMicros: buy.micros, sellMicros: sell.micros };
}

function sameCounts(count: TokenCount, live: Counted | undefined): boolean {
  return (
    live !== undefined &&
    String(count.buys) === live.buys &&
    String(count.sells) === live.sells &&
    count.buyMicros === live.buyMicros &&
    count.sellMicros === live.sellMicros
  );
}

/** Staging becomes a copy of live without the tokens that will be fetched. */
export async function copyLive(step: StepContext, target: Target, run: string): Promise<void> {
  await target.longCommand(loadSql('refresh/copy_live'), { purpose: 'copying the live table into staging' });
  const [parts] = await target.query<{ masked: string }>(loadSql('refresh/masked_parts'), {
    params: { database: target.database },
    purpose: 'looking for masks of deleted rows',
  });
  if (Number(parts?.masked) > 0) {
    await target.longCommand(loadSql('refresh/apply_masks'), {
      purpose: 'removing deleted rows from the copy',
      repeatable: true,
    });
  }
  await target.longCommand(loadSql('refresh/drop_differing'), {
    params: { run, live_run: await liveRun(target) },
    repeatable: true,
    purpose: 'taking out of staging what differs from the source',
  });
  step.log.info('staging begins as a copy of the live table, without the tokens that differ');
}
