import { join } from 'node:path';
import { readSelection } from '../../datasets/fills/planning.js';
import { formatCount } from '../../report/format.js';
import { startSimulator } from '../../simulator/server.js';
import { createSyntheticUniverse } from '../../simulator/synthetic/universe.js';
import type { Context } from '../context.js';
import { compareWithUniverse } from '../demo/compare.js';
import { askAround } from '../demo/queries.js';
import { openTargetOf } from '../open-target.js';
import { OPTIONS } from '../options.js';
import { selectionSettings } from '../settings.js';
import { runWholeJob } from '../steps/whole-job.js';

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
    `The simulated source serves ${formatCount(universe.fillCount)} fills of ${formatCount(config.simMarkets)} markets at ${simulator.url}`,
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
      pnlSourceToken: undefined,
      clickhouseDir: ownFolder(config.clickhouseDir, OPTIONS.clickhouseDir.schema.parse(undefined), 'clickhouse'),
      checkpoints: ownFolder(config.checkpoints, OPTIONS.checkpoints.schema.parse(undefined), 'checkpoints'),
      fresh: true,
      refresh: false,
      // Another demo's table may have been larger.
      acceptFewer: true,
      // Nobody else waits for this source.
      rps: Math.max(config.rps, DEMO_RPS),
    },
  };
  const opened = await openTargetOf(ctx);
  const job = await runWholeJob(ctx, opened, readSelection(selectionSettings(ctx.config)));
  await askAround(ctx, opened.target);
  const totals = await compareWithUniverse(ctx, opened.target, universe);
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
