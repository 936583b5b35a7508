/**
 * `npm run bench:full [-- --markets N --fills N --rps R --latency MS --workers N --seed N --out FILE]`
 *
 * The whole job as a person would do it, command by command, at full scale: 171,305 markets and 37.3 million fills behind
 * 205 ms and 100 requests a second. Prints each command's figures beside the targets, then compares live with the source's
 * truth, and exits 1 when a command failed or a row is missing. Needs some 20 GB of disk while it runs.
 */
import { mkdirSync, writeFileSync } from 'node:fs';
import { dirname } from 'node:path';
import { parseArgs } from 'node:util';
import { formatBytes, formatCount, formatDuration } from '../../src/report/format.js';
import { renderTable } from '../../src/report/table.js';
import { Machine, PROGRAM, runProgram } from './machine.js';
import { FULL_FILLS, FULL_MARKETS, type Measured, measure } from './measure.js';

const { values: options } = parseArgs({
  options: {
    markets: { type: 'string', default: String(FULL_MARKETS) },
    fills: { type: 'string', default: String(FULL_FILLS) },
    latency: { type: 'string', default: '205' },
    rps: { type: 'string', default: '100' },
    workers: { type: 'string', default: '128' },
    seed: { type: 'string', default: '1' },
    out: { type: 'string', default: 'bench-results/full-run.json' },
  },
});
const rps = Number(options.rps);
const COMMANDS = ['markets', 'fills', 'verify', 'promote', 'rebuild-pnl'] as const;

interface Step extends Omit<Measured, 'rows'> {
  readonly command: string;
  /** Of one statement in ClickHouse. */
  readonly statementBytes: number;
  /** The command's last words on standard output. */
  readonly report: unknown;
}

const machine = await Machine.start({
  markets: Number(options.markets),
  fills: Number(options.fills),
  latencyMs: Number(options.latency),
  rps,
  seed: Number(options.seed),
});
const steps: Step[] = [];
try {
  for (const command of COMMANDS) {
    process.stderr.write(`${command} …\n`);
    const step = await runStep(command);
    steps.push(step);
    if (step.code !== 0) break;
  }
  const ended = steps.length === COMMANDS.length && steps.every(({ code }) => code === 0);
  const live = ended ? await machine.count('count()', 'clob_fills') : 0;
  const distinct = ended ? await machine.count('uniqExact(tx_hash, order_hash)', 'clob_fills') : 0;
  const complete = live === machine.source.fills && distinct === live;
  print(live, complete);
  mkdirSync(dirname(options.out), { recursive: true });
  const figures = {
    at: new Date().toISOString(),
    ...options,
    sourceFills: machine.source.fills,
    live,
    complete,
    steps,
  };
  writeFileSync(options.out, JSON.stringify(figures, null, 2));
  if (!complete) process.exitCode = 1;
} finally {
  await machine.close();
}

async function runStep(command: (typeof COMMANDS)[number]): Promise<Step> {
  const [clock] = await machine.target.query<{ t: string }>('SELECT toString(toUnixTimestamp64Micro(now64(6))) AS t');
  const args = [PROGRAM, command, '--database', 'bench', '--json'];
  if (command !== 'rebuild-pnl') args.push('--rps', String(rps));
  if (command === 'fills') args.push('--workers', options.workers);
  let stdout = '';
  const { rows: _none, ...figures } = await measure(
    machine,
    async () => {
      const finished = await runProgram(args, machine.dir, {
        GOLDSKY_URL: machine.source.url,
        GOLDSKY_PNL_URL: machine.source.pnlUrl,
        CLICKHOUSE_URL: machine.server.loginUrl,
      });
      stdout = finished.stdout;
      return finished;
    },
    async () => 0,
  );
  await machine.target.command('SYSTEM FLUSH LOGS');
  const [used] = await machine.target.query<{ peak: string }>(
    `SELECT toString(max(memory_usage)) AS peak FROM system.query_log
     WHERE type != 'QueryStart' AND query_kind != 'AsyncInsertFlush'
       AND event_time_microseconds >= fromUnixTimestamp64Micro({t:Int64})`,
    { params: { t: clock?.t ?? '0' } },
  );
  return { command, ...figures, statementBytes: Number(used?.peak ?? 0), report: lastJson(stdout) };
}

function lastJson(stdout: string): unknown {
  try {
    return JSON.parse(stdout);
  } catch {
    return stdout.trim().split('\n').at(-1) ?? null;
  }
}

function print(live: number, complete: boolean): void {
  const seconds = (ms: number) => (ms / 1000).toFixed(1);
  const cells = steps.map((step) => [
    step.command,
    String(step.code),
    formatDuration(step.wallMs),
    seconds(step.cpuMs),
    seconds(step.clickhouseMs),
    seconds(step.simulatorMs),
    formatCount(step.requests),
    formatCount(step.throttled),
    formatBytes(step.peakMemoryBytes),
    formatBytes(step.statementBytes),
  ]);
  const head = [
    '',
    'exit',
    'wall',
    'CPU s',
    'ClickHouse CPU s',
    'source CPU s',
    'requests',
    '429',
    'memory',
    'a statement',
  ];
  process.stdout.write(
    `${formatCount(Number(options.markets))} markets, ${formatCount(machine.source.fills)} fills, ${options.latency} ms, ${rps} requests/s, ${options.workers} workers\n` +
      `${renderTable(head, cells, [1, 2, 3, 4, 5, 6, 7, 8, 9])}\n`,
  );
  const fills = steps.find(({ command }) => command === 'fills');
  const verify = steps.find(({ command }) => command === 'verify');
  if (fills && fills.code === 0) {
    const rows = machine.source.fills;
    const floorMs = (rows / 2000 / rps) * 1000;
    process.stdout.write(
      `\n${renderTable(
        ['', 'found', 'target'],
        [
          ['fills, wall', `${formatDuration(fills.wallMs)} (the rate's floor: ${formatDuration(floorMs)})`, '3m 45s'],
          ['requests per 1,000 rows, planning included', ((1000 * fills.requests) / rows).toFixed(3), '0.56'],
          ['CPU of the tool, µs a row', ((1000 * fills.cpuMs) / rows).toFixed(2), '4.5'],
          ['memory of the tool', formatBytes(fills.peakMemoryBytes), '900 MB'],
          ['verify, wall', verify ? formatDuration(verify.wallMs) : '–', '60s'],
          ['verify, largest statement', verify ? formatBytes(verify.statementBytes) : '–', '2.0 GB'],
          [
            'rows live, each once',
            `${formatCount(live)}${complete ? '' : ' — NOT WHAT THE SOURCE SERVES'}`,
            formatCount(rows),
          ],
        ],
        [],
      )}\n`,
    );
  }
}
