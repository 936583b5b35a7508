/**
 * `npm run bench [-- --markets N --fills N --full --skip-reference --out FILE]`
 *
 * The tool against the alternatives on one machine, one after the other against the same simulated source and the same
 * ClickHouse: 205 ms, 100 requests a second, as the reference run met them. Prints one table and writes JSON.
 * The source's limit counts windows of 10 s, so each contestant starts in a fresh one.
 */
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { formatBytes, formatCount, formatDuration } from '../../src/report/format.js';
import { renderTable } from '../../src/report/table.js';
import { SourceClient } from '../../src/source/client.js';
import { readCounts } from '../../src/source/counts.js';
import { type Finished, Machine, PROGRAM, runProgram } from './machine.js';
import { measureStages, type Stage } from './stages.js';

const { values: options } = parseArgs({
  options: {
    markets: { type: 'string', default: '8000' },
    fills: { type: 'string', default: '1740000' },
    full: { type: 'boolean', default: false },
    'skip-reference': { type: 'boolean', default: false },
    'skip-stages': { type: 'boolean', default: false },
    latency: { type: 'string', default: '205' },
    rps: { type: 'string', default: '100' },
    seed: { type: 'string', default: '1' },
    workers: { type: 'string', default: '128' },
    out: { type: 'string', default: 'bench-results/bench.json' },
  },
});
const markets = options.full ? 171_305 : Number(options.markets);
const fills = options.full ? 37_300_000 : Number(options.fills);
const rps = Number(options.rps);
const scriptsDir = fileURLToPath(new URL('.', import.meta.url));
const SEQUENTIAL_S = 20;

interface Row {
  readonly name: string;
  readonly wallMs: number;
  readonly rows: number;
  readonly lost: number;
  readonly requests: number;
  readonly throttled: number;
  readonly cpuMs: number;
  readonly simulatorMs: number;
  readonly clickhouseMs: number;
  readonly peakMemoryBytes: number;
}

const machine = await Machine.start({
  markets,
  fills,
  latencyMs: Number(options.latency),
  rps,
  seed: Number(options.seed),
});
try {
  const client = new SourceClient({ url: machine.source.url, deadlineMs: 60_000, connections: 32 });
  const { tokens, emptyTokens, conditions } = await readCounts(client, { block: null });
  await client.close();
  // What exists are distinct fills; the counters also count an order filled twice in one transaction.
  const total = machine.source.fills;
  const rows: Row[] = [];

  rows.push(
    await contestant('ours', async () => {
      const finished = await runOurs();
      return { finished, rows: await machine.count('count()', 'clob_fills_staging FINAL') };
    }),
  );
  if (!options['skip-reference']) {
    // As many queries as there are markets: 171,305 at full scale, 4.6 for 1,000 rows. The busiest tokens first.
    const listed = [...tokens].sort((a, b) => b.buys + b.sells - (a.buys + a.sells)).map(({ token }) => token);
    const list = [
      ...listed,
      ...emptyTokens,
      ...[...conditions.keys()].filter((token) => !listed.includes(token)).slice(0, markets),
    ].slice(0, markets);
    const file = join(machine.dir, 'tokens.txt');
    writeFileSync(file, list.join('\n'));
    for (const [workers, retry] of [
      ['128', ''],
      ['64', '1'],
      ['128', '1'],
    ] as const) {
      rows.push(
        await contestant(`reference, ${workers} workers, ${retry ? 'retries on 429' : 'as it was'}`, () =>
          runReference(file, workers, retry),
        ),
      );
    }
    rows.push(await contestant(`sequential by time, the first ${SEQUENTIAL_S} s`, runSequential));
  }
  const stages = options['skip-stages'] ? [] : await measureStages(machine, tokens);
  print(rows, stages, total);
  mkdirSync(join(options.out, '..'), { recursive: true });
  writeFileSync(
    options.out,
    JSON.stringify({ at: new Date().toISOString(), markets, fills: total, rps, rows, stages }, null, 2),
  );

  async function contestant(name: string, run: () => Promise<{ finished: Finished; rows: number }>): Promise<Row> {
    await freshWindow();
    process.stderr.write(`${name} …\n`);
    const before = await machine.figures();
    const { finished, rows: found } = await run();
    const after = await machine.figures();
    return {
      name,
      wallMs: finished.wallMs,
      rows: found,
      lost: total - found,
      requests: after.requests - before.requests,
      throttled: after.throttled - before.throttled,
      cpuMs: finished.cpuMs,
      simulatorMs: after.simulatorMs - before.simulatorMs,
      clickhouseMs: after.clickhouseMs - before.clickhouseMs,
      peakMemoryBytes: finished.peakMemoryBytes,
    };
  }
} finally {
  await machine.close();
}

function runOurs(): Promise<Finished> {
  return runProgram(
    [PROGRAM, 'fills', '--fresh', '--rps', String(rps), '--workers', options.workers, '--database', 'bench', '--json'],
    machine.dir,
    { GOLDSKY_URL: machine.source.url, CLICKHOUSE_URL: machine.server.url },
  );
}

const HEX_TABLE = `(id String, timestamp UInt64, maker String, taker String, makerAssetId String, takerAssetId String,
  makerAmountFilled String, takerAmountFilled String, fee String, transactionHash String, orderHash String)
  ENGINE = MergeTree ORDER BY id`;

async function runReference(file: string, workers: string, retry: string) {
  await machine.target.command(`CREATE OR REPLACE TABLE reference_fills ${HEX_TABLE}`);
  const finished = await runProgram(['--import', 'tsx', join(scriptsDir, 'reference.ts')], process.cwd(), {
    SOURCE_URL: machine.source.url,
    CLICKHOUSE_URL: machine.server.url,
    WORKERS: workers,
    RETRY: retry,
    TOKENS: file,
  });
  return { finished, rows: await machine.count('uniqExact(id)', 'reference_fills') };
}

async function runSequential() {
  await machine.target.command(`CREATE OR REPLACE TABLE sequential_fills ${HEX_TABLE}`);
  const finished = await runProgram(['--import', 'tsx', join(scriptsDir, 'sequential.ts')], process.cwd(), {
    SOURCE_URL: machine.source.url,
    CLICKHOUSE_URL: machine.server.url,
    SECONDS: String(SEQUENTIAL_S),
  });
  return { finished, rows: await machine.count('uniqExact(id)', 'sequential_fills') };
}

/** The source's windows begin at its own clock: two of them past, everyone has a whole one. */
function freshWindow(): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, 11_000));
}

function print(rows: readonly Row[], stages: readonly Stage[], total: number): void {
  const ours = rows[0] as Row;
  const floorMs = (total / 2000 / rps) * 1000;
  const cells = rows.map((row) => [
    row.name,
    formatDuration(row.wallMs),
    `${(row.wallMs / ours.wallMs).toFixed(1)} ×`,
    formatCount(row.rows),
    formatCount(row.lost),
    ((row.requests / Math.max(1, row.rows)) * 1000).toFixed(3),
    formatCount(row.throttled),
    `${((row.cpuMs * 1000) / Math.max(1, row.rows)).toFixed(1)}`,
    `${((row.clickhouseMs * 1000) / Math.max(1, row.rows)).toFixed(1)}`,
    `${((row.simulatorMs * 1000) / Math.max(1, row.rows)).toFixed(1)}`,
    formatBytes(row.peakMemoryBytes),
  ]);
  cells.push([
    'floor: rows ÷ 2,000 ÷ rate',
    formatDuration(floorMs),
    `${(floorMs / ours.wallMs).toFixed(2)} ×`,
    formatCount(total),
    '0',
    '0.500',
    '',
    '',
    '',
    '',
    '',
  ]);
  process.stdout.write(
    `${formatCount(markets)} markets, ${formatCount(total)} fills, ${options.latency} ms, ${rps} requests/s\n` +
      `${renderTable(['', 'wall', 'ratio', 'rows', 'lost', 'requests / 1,000', '429', 'µs/row', 'ClickHouse', 'source', 'memory'], cells, [1, 2, 3, 4, 5, 6, 7, 8, 9, 10])}\n`,
  );
  if (stages.length > 0) {
    process.stdout.write(
      `\nStages alone\n${renderTable(
        ['stage', 'of what', 'figure', ''],
        stages.map((s) => [
          s.stage,
          s.figure,
          s.value >= 1000 ? formatCount(Math.round(s.value)) : s.value.toFixed(2),
          s.unit,
        ]),
        [2],
      )}\n`,
    );
  }
}
