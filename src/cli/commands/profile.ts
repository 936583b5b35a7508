import { readFileSync } from 'node:fs';
import { z } from 'zod';
import { preflight } from '../../clickhouse/preflight.js';
import { ensureDatabase } from '../../clickhouse/schema.js';
import { usageError } from '../../core/exit.js';
import { checkInput } from '../../datasets/fills/check-input.js';
import { planRun, readPlanInput, readSourceHead } from '../../datasets/fills/planning.js';
import { compareAxes } from '../../datasets/fills/profile/axis-trial.js';
import { comparePartitions } from '../../datasets/fills/profile/partition-trial.js';
import { type KindProfile, profileSamples, type Spread } from '../../datasets/fills/profile/profiling.js';
import { project } from '../../datasets/fills/profile/projection.js';
import { EVERYTHING } from '../../publish/scope.js';
import { formatCount, formatDuration } from '../../report/format.js';
import { renderFacts, renderTable } from '../../report/table.js';
import { openLink } from '../../sources/subgraph/link.js';
import type { Context } from '../context.js';
import { openTargetOf } from '../open-target.js';
import { inputOf, planOptions, sourceSettings } from '../settings.js';

/** Times source, decode and insert on sample chunks and projects the whole run. */
export async function profile(ctx: Context): Promise<void> {
  const { config } = ctx;
  const before = config.compare === undefined ? null : readEarlier(config.compare);
  const asked = checkInput(inputOf(ctx));
  const opened = await openTargetOf(ctx);
  await preflight(opened.target);
  const source = openLink(ctx, sourceSettings(config));
  const head = await readSourceHead(ctx, source);
  const planned = await readPlanInput(ctx, source, asked.selection, head);
  const plan = planRun(planOptions(config), planned);
  await ensureDatabase(opened.target);
  const block = planned.pinned ? head.block : null;
  const input = { step: ctx, source, target: opened.target, batchRows: config.batchRows };
  const samples = await profileSamples({ ...input, plan, block });
  const projection = project(samples, plan.totals, config);
  const axes = await compareAxes(ctx, source, plan, block);
  // The tape holds every market, so that only a plan of all of them can be compared with it.
  const partitions =
    asked.text === EVERYTHING && head.timestamp !== null
      ? await comparePartitions(input, config, planned, { plan, samples })
      : null;
  const result = { at: new Date().toISOString(), plan: plan.totals, samples, projection, axes, partitions };
  ctx.out.result(result);
  const kinds = [
    ['small markets', samples.small],
    ['large markets', samples.large],
  ] as const;
  ctx.out.text(
    renderTable(
      [
        'sample: median, p95',
        'requests',
        'rows',
        'request ms',
        '',
        'decode µs/row',
        '',
        'encode µs/row',
        '',
        'insert ms',
        '',
      ],
      kinds.flatMap(([name, kind]) => (kind ? [[name, ...kindCells(kind)]] : [])),
      [1, 2, 3, 4, 5, 6, 7, 8, 9, 10],
    ),
  );
  const share = (part: number) => `${(part * 100).toFixed(0)} %`;
  ctx.out.text(
    renderFacts([
      [
        'time goes to',
        `source ${share(samples.shares.source)}, target ${share(samples.shares.target)}, this program ${share(samples.shares.cpu)}`,
      ],
      ['CPU', `${samples.cpuMicrosPerRow.toFixed(2)} µs a row, start of the program included`],
      ['plan', `${formatCount(plan.totals.rows)} rows in ${formatCount(plan.totals.requests)} requests`],
      [
        'alone',
        `rate limit ${formatDuration(projection.limitMs)}, source ${formatDuration(projection.sourceMs)}, target ${formatDuration(projection.targetMs)}, CPU ${formatDuration(projection.cpuMs)}`,
      ],
      ['ETA', `${formatDuration(projection.etaMs)}, bound by ${projection.bound}`],
      [
        'would choose',
        `--workers ${projection.settings.workers} --rps ${projection.settings.rps} --page-rows ${projection.settings.pageRows}`,
      ],
      [
        'by id or time',
        axes === null
          ? 'no market is large enough to tell'
          : `${axes.idMsPerRow.toFixed(3)} ms a row by id, ${axes.timeMsPerRow.toFixed(3)} by time: --slice-by ${axes.prefers}`,
      ],
      [
        'markets or tape',
        partitions === null
          ? 'not compared: a selection, or a source that does not tell its time, is loaded by markets'
          : `the source takes ${inTime(partitions.marketsMs)} by markets, ${inTime(partitions.timeMs)} for the tape by time: --partition ${partitions.prefers}`,
      ],
    ]),
  );
  if (before) ctx.out.text(renderComparison(before, result));
}

function inTime(ms: number | null): string {
  return ms === null ? 'too long for an answer' : formatDuration(ms);
}

function kindCells(kind: KindProfile): string[] {
  const cells = ({ median, p95 }: Spread, digits: number) => [median.toFixed(digits), p95.toFixed(digits)];
  return [
    formatCount(kind.requests),
    formatCount(kind.rows),
    ...cells(kind.requestMs, 1),
    ...cells(kind.decodeMicros, 2),
    ...cells(kind.encodeMicros, 2),
    ...cells(kind.insertMs, 1),
  ];
}

const Median = z.object({ median: z.number() });
const Stages = z.object({ requestMs: Median, decodeMicros: Median, encodeMicros: Median, insertMs: Median });
const Earlier = z.object({
  at: z.string(),
  samples: z.object({ small: Stages.nullable(), large: Stages.nullable(), cpuMicrosPerRow: z.number() }),
  projection: z.object({ etaMs: z.number(), bound: z.string() }),
});
type Earlier = z.infer<typeof Earlier>;

/** A profile that `--json` printed. Throws ExitError(1). */
function readEarlier(file: string): Earlier {
  try {
    return Earlier.parse(JSON.parse(readFileSync(file, 'utf8')));
  } catch (error) {
    throw usageError(
      `--compare ${file}: ${(error as Error).message.replace(/\s+/g, ' ')}`,
      'give what `backfill profile --json` of this version printed',
    );
  }
}

function renderComparison(before: Earlier, now: Earlier): string {
  const row = (name: string, a: number | undefined, b: number | undefined): string[][] =>
    a === undefined || b === undefined
      ? []
      : [[name, a.toFixed(2), b.toFixed(2), a > 0 ? `${(b / a).toFixed(2)} ×` : '–']];
  const rows = (['small', 'large'] as const).flatMap((kind) => {
    const [a, b] = [before.samples[kind], now.samples[kind]];
    return [
      ...row(`${kind}: request ms`, a?.requestMs.median, b?.requestMs.median),
      ...row(`${kind}: decode µs a row`, a?.decodeMicros.median, b?.decodeMicros.median),
      ...row(`${kind}: encode µs a row`, a?.encodeMicros.median, b?.encodeMicros.median),
      ...row(`${kind}: insert ms`, a?.insertMs.median, b?.insertMs.median),
    ];
  });
  rows.push(...row('CPU µs a row', before.samples.cpuMicrosPerRow, now.samples.cpuMicrosPerRow));
  rows.push(...row('ETA s', before.projection.etaMs / 1000, now.projection.etaMs / 1000));
  return `\nAgainst ${before.at}\n${renderTable(['', 'then', 'now', ''], rows, [1, 2, 3])}`;
}
