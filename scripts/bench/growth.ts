/**
 * `npm run bench:growth [-- --rows 1,5,37,100 --workers 1,4,16,64,128,256 --packs 1,10,50,200 --batches 1000,5000,20000,100000
 *   --ways --base-fills N --latency MS --cost-model JSON --seed N --out FILE]`
 *
 * How the cost of loading grows: with rows (given in millions, fractions too), workers, tokens in a pack, rows of an
 * INSERT, and with the way of asking under a source where scattered rows are dear. Without an option of a curve: all but
 * `--ways`. Every load has a simulator and a ClickHouse of its own, so that none inherits a window or a merge; its rows
 * are counted, and a count that is not the simulator's makes the exit code 1. Markets are scaled with fills.
 * Prints a table a curve and what shape it has, and writes JSON. 100 million rows take some 25 GB of disk while they run.
 */
import { mkdirSync, writeFileSync } from 'node:fs';
import { cpus, totalmem } from 'node:os';
import { dirname } from 'node:path';
import { parseArgs } from 'node:util';
import { formatBytes, formatCount, formatDuration } from '../../src/report/format.js';
import { renderTable } from '../../src/report/table.js';
import { fastestShape, lineShape, type Point, perRowShape, projection, requestsShape } from './growth-shape.js';
import { Machine } from './machine.js';
import { FULL_FILLS, FULL_MARKETS, measureOurs, microsPerRow, requestsPer1000 } from './measure.js';

const { values: options } = parseArgs({
  options: {
    rows: { type: 'string' },
    workers: { type: 'string' },
    packs: { type: 'string' },
    batches: { type: 'string' },
    ways: { type: 'boolean', default: false },
    'base-fills': { type: 'string' },
    latency: { type: 'string', default: '205' },
    // About 1 ms for a row that lies anywhere; 60 disk pages for 1,000 rows that lie in a row.
    'cost-model': { type: 'string', default: '{"scatteredRowMs":1,"orderedRowMs":0.06}' },
    seed: { type: 'string', default: '1' },
    out: { type: 'string', default: 'bench-results/growth.json' },
  },
});
const latencyMs = Number(options.latency);
const costModel: object = JSON.parse(options['cost-model']);
const LIMIT_RPS = 100;
const WORKERS = 128;
/** The tool has a limit of its own, which must not be the one that is measured. */
const NO_LIMIT_RPS = 100_000;

interface Load {
  readonly x: number;
  readonly label: string;
  readonly fills: number;
  readonly rps: number | null;
  readonly costModel?: object;
  /** Further options of `backfill fills`. */
  readonly args: readonly string[];
}

interface Curve {
  readonly name: string;
  readonly title: string;
  readonly loads: readonly Load[];
  readonly shape: (points: readonly Point[]) => readonly string[];
}

interface Loaded extends Point {
  readonly fills: number;
  readonly markets: number;
  /** Exit code 0, and the rows are as many as the simulator has. */
  readonly right: boolean;
}

const found: { name: string; title: string; points: Loaded[]; shape: readonly string[] }[] = [];
let machine: Machine | undefined;
process.once('SIGINT', async () => {
  await machine?.close();
  process.exit(130);
});
for (const curve of chosenCurves()) {
  const points: Loaded[] = [];
  const entry = { name: curve.name, title: curve.title, points, shape: [] as readonly string[] };
  found.push(entry);
  for (const load of curve.loads) {
    process.stderr.write(`${curve.name}: ${load.label} …\n`);
    points.push(await measureLoad(load));
    save();
  }
  entry.shape = points.every(({ right }) => right) ? curve.shape(points) : ['no shape: not every load is right'];
  save();
  print(entry);
}
const wrong = found.flatMap(({ name, points }) => points.filter((p) => !p.right).map((p) => ({ name, ...p })));
for (const { name, label, rows, fills, code } of wrong) {
  process.stderr.write(
    `${name}, ${label}: ${formatCount(rows)} rows in staging, ${formatCount(fills)} in the source, exit code ${code}\n`,
  );
}
process.exitCode = wrong.length > 0 ? 1 : 0;

function chosenCurves(): Curve[] {
  const { rows, workers, packs, batches, ways } = options;
  const all = !ways && [rows, workers, packs, batches].every((given) => given === undefined);
  const curves: Curve[] = [];
  if (all || rows !== undefined) curves.push(rowsCurve(numbers('rows', rows ?? '1,5,37,100')));
  if (all || workers !== undefined) curves.push(workersCurve(numbers('workers', workers ?? '1,4,16,64,128,256')));
  if (all || packs !== undefined) curves.push(packsCurve(numbers('packs', packs ?? '1,10,50,200')));
  if (all || batches !== undefined) curves.push(batchesCurve(numbers('batches', batches ?? '1000,5000,20000,100000')));
  if (ways) curves.push(waysCurve());
  return curves;
}

function rowsCurve(millions: readonly number[]): Curve {
  return {
    name: 'rows',
    title: `Rows: ${latencyMs} ms, no limit, ${WORKERS} workers`,
    loads: millions.map((million) => ({
      x: million * 1e6,
      label: `${million} M`,
      fills: Math.round(million * 1e6),
      rps: null,
      args: ['--workers', String(WORKERS)],
    })),
    shape: (points) => [lineShape(points), perRowShape(points), projection(points)],
  };
}

function workersCurve(counts: readonly number[]): Curve {
  const fills = baseFills(1_000_000);
  return {
    name: 'workers',
    title: `Workers: ${formatCount(fills)} fills, ${latencyMs} ms, ${LIMIT_RPS} requests/s`,
    loads: counts.map((workers) => ({
      x: workers,
      label: `${workers} ${workers === 1 ? 'worker' : 'workers'}`,
      fills,
      rps: LIMIT_RPS,
      args: ['--workers', String(workers)],
    })),
    shape: (points) => [fastestShape(points, true), floorOf(points, fills)],
  };
}

function packsCurve(sizes: readonly number[]): Curve {
  const fills = baseFills(1_000_000);
  return {
    name: 'packs',
    title: `Tokens in a pack at most: ${formatCount(fills)} fills, ${latencyMs} ms, ${LIMIT_RPS} requests/s, ${WORKERS} workers`,
    loads: sizes.map((tokens) => ({
      x: tokens,
      label: `${tokens} ${tokens === 1 ? 'token' : 'tokens'}`,
      fills,
      rps: LIMIT_RPS,
      args: ['--workers', String(WORKERS), '--max-pack-tokens', String(tokens)],
    })),
    shape: (points) => [requestsShape(points)],
  };
}

function batchesCurve(sizes: readonly number[]): Curve {
  const fills = baseFills(1_000_000);
  return {
    name: 'batches',
    title: `Rows of an INSERT: ${formatCount(fills)} fills, ${latencyMs} ms, no limit, ${WORKERS} workers`,
    loads: sizes.map((rows) => ({
      x: rows,
      label: `${formatCount(rows)} rows`,
      fills,
      rps: null,
      args: ['--workers', String(WORKERS), '--batch-rows', String(rows)],
    })),
    shape: (points) => [fastestShape(points), perRowShape(points)],
  };
}

function waysCurve(): Curve {
  const fills = baseFills(300_000);
  const ways = [
    ['markets by id', ['--partition', 'markets', '--slice-by', 'id']],
    ['markets by time', ['--partition', 'markets', '--slice-by', 'time']],
    ['the tape by time', ['--partition', 'time']],
  ] as const;
  const load = (way: (typeof ways)[number], x: number, source: string, cost: Pick<Load, 'costModel'>): Load => ({
    x,
    label: `${way[0]}, ${source}`,
    fills,
    rps: LIMIT_RPS,
    args: ['--workers', String(WORKERS), ...way[1]],
    ...cost,
  });
  return {
    name: 'ways',
    title: `Ways of asking: ${formatCount(fills)} fills, ${latencyMs} ms and more, ${LIMIT_RPS} requests/s, ${WORKERS} workers; a dear source adds ${JSON.stringify(costModel)}`,
    loads: [
      ...ways.map((way, i) => load(way, i, 'cheap', {})),
      ...ways.map((way, i) => load(way, ways.length + i, 'dear', { costModel })),
    ],
    shape: (points) => [
      `cheap source: ${fastestShape(points.slice(0, ways.length))}`,
      `dear source: ${fastestShape(points.slice(ways.length))}`,
    ],
  };
}

async function measureLoad(load: Load): Promise<Loaded> {
  const markets = Math.max(1, Math.round((load.fills * FULL_MARKETS) / FULL_FILLS));
  machine = await Machine.start({
    markets,
    fills: load.fills,
    latencyMs,
    rps: load.rps,
    seed: Number(options.seed),
    ...(load.costModel && { costModel: load.costModel }),
  });
  try {
    const measured = await measureOurs(machine, ['--rps', String(load.rps ?? NO_LIMIT_RPS), ...load.args]);
    const { fills } = machine.source;
    const diskBytes = await machine.count(
      'sum(bytes_on_disk)',
      "system.parts WHERE active AND database = 'bench' AND table = 'clob_fills_staging'",
    );
    const right = measured.code === 0 && measured.rows === fills;
    return { x: load.x, label: load.label, fills, markets, ...measured, diskBytes, right };
  } finally {
    await machine.close();
    machine = undefined;
  }
}

function floorOf(points: readonly Point[], fills: number): string {
  const floorMs = (fills / 2000 / LIMIT_RPS) * 1000;
  const best = Math.min(...points.map(({ wallMs }) => wallMs));
  return `the source's floor for ${formatCount(fills)} fills is ${formatDuration(floorMs)} (rows ÷ 2,000 ÷ ${LIMIT_RPS}/s); the fastest took ${(best / floorMs).toFixed(2)} × that, start and planning included`;
}

function baseFills(fallback: number): number {
  return options['base-fills'] === undefined ? fallback : (numbers('base-fills', options['base-fills'])[0] as number);
}

function numbers(name: string, list: string): number[] {
  const values = list.split(',').map(Number);
  const usable = values.every((value) => value > 0 && Number.isFinite(value));
  if (!usable) throw new Error(`--${name}: ${JSON.stringify(list)} is no list of numbers above 0`);
  return values;
}

function print({ title, points, shape }: (typeof found)[number]): void {
  const head = [
    '',
    'wall',
    'rows/s',
    'requests / 1,000',
    '429',
    'µs/row',
    'ClickHouse',
    'source',
    'memory',
    'rows',
    '',
  ];
  const cells = points.map((point) => [
    point.label,
    formatDuration(point.wallMs),
    formatCount(Math.round(point.rows / (point.wallMs / 1000))),
    requestsPer1000(point).toFixed(3),
    formatCount(point.throttled),
    microsPerRow(point.cpuMs, point),
    microsPerRow(point.clickhouseMs, point),
    microsPerRow(point.simulatorMs, point),
    formatBytes(point.peakMemoryBytes),
    formatCount(point.rows),
    point.right ? 'all' : 'WRONG',
  ]);
  process.stdout.write(`\n${title}\n${renderTable(head, cells, [1, 2, 3, 4, 5, 6, 7, 8, 9])}\n`);
  process.stdout.write(`${shape.join('\n')}\n`);
}

/** After every load: a long measurement that is stopped keeps what it has. */
function save(): void {
  mkdirSync(dirname(options.out), { recursive: true });
  const host = { cores: cpus().length, cpu: cpus()[0]?.model, memoryBytes: totalmem(), node: process.version };
  writeFileSync(
    options.out,
    `${JSON.stringify({ at: new Date().toISOString(), host, latencyMs, costModel, seed: Number(options.seed), curves: found }, null, 2)}\n`,
  );
}
