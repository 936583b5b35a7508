/**
 * `npm run bench:throttling [-- --real --limit R --minutes M]`
 *
 * How near the tool comes to what a source allows that it has not been told, asked with `--rps 250` for ten minutes: the
 * program's own rate of a host against the simulator's own limit, in virtual time; and what is left of `--rps 100` when a
 * gateway refuses a share of the requests whatever the rate, with `Retry-After: 1`. `--real` is one such case in
 * real time, over sockets, with small pages.
 */
import { parseArgs } from 'node:util';
import { renderTable } from '../../src/report/table.js';
import { figuresOf, runVirtualLoad } from '../../test/net/virtual-load.js';
import { Random } from '../../test/seeds/random.js';
import { Machine, PROGRAM, runProgram } from './machine.js';
import { measure } from './measure.js';
import { median } from './stages.js';

const { values: options } = parseArgs({
  options: {
    real: { type: 'boolean', default: false },
    limit: { type: 'string', default: '60' },
    minutes: { type: 'string', default: '10' },
  },
});
const MAX_RPS = 250;
const WORKERS = 128;
const LATENCY_MS = 200;
const MINUTES = 10;
const LIMITS = [5, 10, 20, 40, 60, 100, 150, 200];
const CHANGES = [
  [200, 5],
  [100, 20],
  [100, 60],
  [60, 100],
  [20, 100],
  [5, 200],
] as const;
const HICCUP_SHARES = [1 / 300, 1 / 100, 1 / 80, 1 / 50, 1 / 33];
const HICCUP_RETRY_AFTER_SECONDS = 1;
const HICCUP_SEEDS = Array.from({ length: 10 }, (_, i) => i + 1);
const HICCUP_MAX_RPS = 100;
/** Small pages: the figure is about requests, and the machine is to have time for them. */
const PAGE_ROWS = 50;

const percent = (share: number) => `${(100 * share).toFixed(1)} %`;

function virtualTable(): string {
  const load = { maxRps: MAX_RPS, workers: WORKERS, latencyMs: LATENCY_MS, minutes: MINUTES };
  const cells: string[][] = [];
  for (const kind of ['window', 'sliding', 'bucket'] as const) {
    for (const rps of LIMITS) {
      const figures = figuresOf(runVirtualLoad({ ...load, source: { kind, rps } }));
      const untold = figuresOf(runVirtualLoad({ ...load, source: { kind, rps, retryAfter: 'none' } }));
      const ten = figuresOf(runVirtualLoad({ ...load, source: { kind, rps, retryAfter: 10 } }));
      const shares = [figures, ten, untold].flatMap(({ servedShare, refusedShare }) => [servedShare, refusedShare]);
      cells.push([kind, String(rps), ...shares.map(percent), '']);
    }
    for (const [before, after] of CHANGES) {
      const changes = [{ atMinute: MINUTES / 2, rps: after }];
      const minutes = runVirtualLoad({ ...load, source: { kind, rps: before }, changes });
      const all = figuresOf(minutes);
      const settled = figuresOf(minutes.slice(MINUTES / 2 + 3));
      cells.push([
        kind,
        `${before} → ${after}`,
        percent(all.servedShare),
        percent(all.refusedShare),
        '',
        '',
        '',
        '',
        percent(settled.servedShare),
      ]);
    }
  }
  return renderTable(
    [
      'counted by',
      'R allowed',
      `served of R, ${MINUTES} min`,
      'refused',
      'Retry-After: 10',
      'refused',
      'no Retry-After',
      'refused',
      'last two minutes',
    ],
    cells,
    [1, 2, 3, 4, 5, 6, 7],
  );
}

/** Refusals that have nothing to do with the rate, of a source that allows everything. */
function hiccupTable(): string {
  const cells = HICCUP_SHARES.map((share) => {
    const rates = HICCUP_SEEDS.map((seed) => {
      const random = new Random(seed);
      const load = { maxRps: HICCUP_MAX_RPS, workers: WORKERS, latencyMs: LATENCY_MS, minutes: MINUTES };
      const hiccup = () => random.chance(share);
      return (
        figuresOf(
          runVirtualLoad({
            ...load,
            source: { rps: 1e9 },
            hiccup,
            hiccupRetryAfterSeconds: HICCUP_RETRY_AFTER_SECONDS,
          }),
        ).served /
        (MINUTES * 60)
      );
    });
    return [percent(share), Math.min(...rates).toFixed(0), median(rates).toFixed(0)];
  });
  return renderTable(
    [
      'refused whatever the rate',
      `served a second of ${HICCUP_MAX_RPS}: worst of ${HICCUP_SEEDS.length} seeds`,
      'median',
    ],
    cells,
    [1, 2],
  );
}

async function realRun(rps: number, minutes: number): Promise<string> {
  const fills = Math.ceil(rps * 60 * minutes * 2 * PAGE_ROWS * 1.3);
  const machine = await Machine.start({
    markets: Math.max(20, Math.round(fills / 2000)),
    fills,
    latencyMs: LATENCY_MS,
    rps,
    seed: 1,
  });
  try {
    const {
      requests,
      throttled: refused,
      wallMs,
    } = await measure(
      machine,
      () =>
        runProgram(
          [
            PROGRAM,
            'fills',
            '--fresh',
            '--database',
            'bench',
            '--json',
            '--rps',
            String(MAX_RPS),
            '--page-rows',
            String(PAGE_ROWS),
          ],
          machine.dir,
          { GOLDSKY_URL: machine.source.url, CLICKHOUSE_URL: machine.server.loginUrl },
          minutes * 60_000,
        ),
      async () => 0,
    );
    const served = requests - refused;
    const seconds = wallMs / 1000;
    return (
      `real time, R = ${rps}: ${served} requests served in ${seconds.toFixed(0)} s, ${percent(served / (rps * seconds))} of R; ` +
      `${refused} refused, ${percent(refused / Math.max(1, served + refused))}`
    );
  } finally {
    await machine.close();
  }
}

process.stdout.write(
  options.real
    ? `${await realRun(Number(options.limit), Number(options.minutes))}\n`
    : `${virtualTable()}\n\n${hiccupTable()}\n`,
);
