import { join } from 'node:path';
import type { Context } from '../context.js';
import { EXIT, ExitError } from '../exit.js';
import { readSelection } from '../job/planning.js';
import { OPTIONS } from '../options.js';
import { formatCount, formatMicros } from '../report/format.js';
import { renderFacts, renderTable } from '../report/table.js';
import { startSimulator } from '../simulator/server.js';
import { createSyntheticUniverse } from '../simulator/synthetic/universe.js';
import { tokenTotals } from '../simulator/truth.js';
import type { Universe } from '../simulator/universe.js';
import { loadSql } from '../target/sql.js';
import { FILLS_LIVE } from '../target/tables.js';
import type { Target } from '../target/target.js';
import { openTargetOf } from './open-target.js';
import { runWholeJob } from './run.js';

/** Where the demo keeps its things, so that it never meets a real run. */
const DEMO_FOLDER = '.demo';

/** The whole job offline, on a simulated source and an embedded ClickHouse of its own; anew each time. */
export async function demo(outer: Context): Promise<void> {
  const { config } = outer;
  if (config.clickhouseUrl !== undefined)
    outer.log.warn('the demo runs on an embedded ClickHouse of its own, not on CLICKHOUSE_URL');
  const universe = createSyntheticUniverse({ seed: config.seed, markets: config.simMarkets, fills: config.simFills });
  const simulator = await startSimulator({ universe, latencyMs: config.latencyMs });
  outer.releases.push('simulated source', () => simulator.close());
  outer.out.text(
    `The simulated source serves ${formatCount(universe.fillCount)} fills of ${formatCount(config.simMarkets)} markets at ${simulator.url}\n`,
  );
  const { clickhouseUrl: _remote, ...rest } = config;
  const ctx: Context = {
    ...outer,
    config: {
      ...rest,
      clickhouseUrl: undefined,
      sourceUrl: simulator.url,
      pnlSourceUrl: simulator.pnlUrl,
      sourceToken: undefined,
      clickhouseDir: ownFolder(config.clickhouseDir, OPTIONS.clickhouseDir.schema.parse(undefined), 'clickhouse'),
      checkpoints: ownFolder(config.checkpoints, OPTIONS.checkpoints.schema.parse(undefined), 'checkpoints'),
      fresh: true,
      refresh: false,
      // Nobody else waits for this source.
      rps: Math.max(config.rps, DEMO_RPS),
    },
  };
  const opened = await openTargetOf(ctx);
  const job = await runWholeJob(ctx, opened, readSelection(ctx));
  await askAround(ctx, opened.target);
  const totals = await compareTotals(ctx, opened.target, universe);
  ctx.out.result({ ...job, totals });
  ctx.out.text(
    `\nLook around: backfill clickhouse --clickhouse-dir ${ctx.config.clickhouseDir} --database ${ctx.config.database}`,
  );
}

const DEMO_RPS = 1000;

/** A folder that was not chosen gives way to the demo's own. */
function ownFolder(given: string, fallback: string, name: string): string {
  return given === fallback ? join(DEMO_FOLDER, name) : given;
}

async function askAround(ctx: Context, target: Target): Promise<void> {
  const names = { table: FILLS_LIVE };
  const months = await target.query<Record<'month' | 'fills' | 'wallets' | 'usdc', string>>(loadSql('demo/by_month'), {
    names,
  });
  const shown = months.slice(-6);
  ctx.out.text(`\nFills by month (the last ${shown.length} of ${months.length})`);
  ctx.out.text(
    renderTable(
      ['month', 'fills', 'wallets', 'USDC'],
      shown.map((m) => [m.month, formatCount(BigInt(m.fills)), formatCount(BigInt(m.wallets)), groups(m.usdc)]),
      [1, 2, 3],
    ),
  );
  const top = await target.query<Record<'name' | 'fills' | 'usdc' | 'state', string>>(loadSql('demo/top_markets'), {
    names,
  });
  ctx.out.text('\nTop markets by USDC');
  ctx.out.text(
    renderTable(
      ['market', 'fills', 'USDC', ''],
      top.slice(0, 5).map((m) => [m.name.slice(0, 42), formatCount(BigInt(m.fills)), groups(m.usdc), m.state]),
      [1, 2],
    ),
  );
}

function groups(decimal: string): string {
  const [whole = '0', fraction = ''] = decimal.split('.');
  return `${formatCount(BigInt(whole))}.${fraction.padEnd(6, '0').slice(0, 2)}`;
}

/** The demo knows what the truth is: the simulator's own totals. Throws ExitError(3) when they differ. */
async function compareTotals(ctx: Context, target: Target, universe: Universe) {
  const [live] = await target.query<Record<'rows' | 'buy_micros' | 'sell_micros', string>>(loadSql('demo/totals'), {
    names: { table: FILLS_LIVE },
  });
  const truth = { rows: 0n, buyMicros: 0n, sellMicros: 0n };
  for (const token of tokenTotals(universe)) {
    truth.rows += BigInt(token.served.buys.fills + token.served.sells.fills);
    truth.buyMicros += token.served.buys.usdc;
    truth.sellMicros += token.served.sells.usdc;
  }
  const same =
    BigInt(live?.rows ?? 0) === truth.rows &&
    BigInt(live?.buy_micros ?? 0) === truth.buyMicros &&
    BigInt(live?.sell_micros ?? 0) === truth.sellMicros;
  ctx.out.text(`\n${same ? 'Equal to the source, to the micro-dollar' : 'DIFFERS from the source'}`);
  ctx.out.text(
    renderFacts([
      ['rows', `${formatCount(BigInt(live?.rows ?? 0))} live, ${formatCount(truth.rows)} served`],
      ['bought', `${formatMicros(BigInt(live?.buy_micros ?? 0))} USDC live, ${formatMicros(truth.buyMicros)} served`],
      ['sold', `${formatMicros(BigInt(live?.sell_micros ?? 0))} USDC live, ${formatMicros(truth.sellMicros)} served`],
    ]),
  );
  if (!same) throw new ExitError(EXIT.gateFailed, 'live and source differ', 'this is a defect: please report it');
  return { rows: String(truth.rows), buyMicros: String(truth.buyMicros), sellMicros: String(truth.sellMicros) };
}
