/**
 * `npm run bench [-- --markets N --fills N --full --skip-reference --skip-stages --sink-rows N --out FILE]`
 *
 * The tool against the alternatives on one machine, one after the other against the same simulated source and the same
 * ClickHouse: 205 ms, 100 requests a second, as the reference run met them. Prints one table and writes JSON.
 * The source's limit counts windows of 10 s, so each contestant starts in a fresh one.
 */
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { readCounts } from '../../src/datasets/fills/subgraph/counts.js';
import { formatBytes, formatCount, formatDuration } from '../../src/report/format.js';
import { renderTable } from '../../src/report/table.js';
import { SourceClient } from '../../src/sources/subgraph/client.js';
import { Machine, runProgram } from './machine.js';
import {
  FULL_FILLS,
  FULL_MARKETS,
  type Measured,
  measure,
  measureOurs,
  microsPerRow,
  requestsPer1000,
} from './measure.js';
import { measureStages, type Stage } from './stages.js';

const { values: options } = parseArgs({
  options: {
    markets: { type: 'string', default: '8000' },
    fills: { type: 'string', default: '1740000' },
    full: { type: 'boolean', default: false },
    'skip-reference': { type: 'boolean', default: false },
    'skip-stages': { type: 'boolean', default: false },
    'sink-rows': { type: 'string', default: '2000000' },
    latency: { type: 'string', default: '205' },
    rps: { type: 'string', default: '100' },
    seed: { type: 'string', default: '1' },
    workers: { type: 'string', default: '128' },
    out: { type: 'string', default: 'bench-results/bench.json' },
  },
});
const markets = options.full ? FULL_MARKETS : Number(options.markets);
const fills = options.full ? FULL_FILLS : Number(options.fills);
const rps = Number(options.rps);
const scriptsDir = fileURLToPath(new URL('.', import.meta.url));
const SEQUENTIAL_S = 20;

interface Row extends Measured {
  readonly name: string;
  readonly lost: number;
  /** Stopped on purpose before it had everything: what it has not reached is not lost, and its ratio is projected. */
  readonly stopped: boolean;
}

const HEX_TABLE = `(id String, timestamp UInt64, maker String, taker String, makerAssetId String, takerAssetId String,
  makerAmountFilled String, takerAmountFilled String, fee String, transactionHash String, orderHash String)
  ENGINE = MergeTree ORDER BY id`;

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

  rows.push(await contestant('ours', () => measureOurs(machine, ['--rps', String(rps), '--workers', options.workers])));
  if (!options['skip-reference']) {
    // As many queries as there are markets: 171,305 at full scale, 4.6 for 1,000 rows. The busiest tokens first.
    const listed = [...tokens].sort((a, b) => b.buys + b.sells - (a.buys + a.sells)).map(({ token }) => token);
    const list = [...new Set([...listed, ...emptyTokens, ...conditions.keys()])].slice(0, markets);
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
  const stages = options['skip-stages'] ? [] : await measureStages(machine, tokens, Number(options['sink-rows']));
  print(rows, stages, total);
  mkdirSync(join(options.out, '..'), { recursive: true });
  writeFileSync(
    options.out,
    JSON.stringify({ at: new Date().toISOString(), markets, fills: total, rps, rows, stages }, null, 2),
  );

  async function contestant(name: string, run: () => Promise<Measured>): Promise<Row> {
    await freshWindow();
    process.stderr.write(`${name} …\n`);
    const measured = await run();
    const stopped = run === runSequential && measured.wallMs > SEQUENTIAL_S * 1000;
    return { name, ...measured, lost: stopped ? 0 : total - measured.rows, stopped };
  }
} finally {
  await machine.close();
}

async function runReference(file: string, workers: string, retry: string): Promise<Measured> {
  await machine.target.command(`CREATE OR REPLACE TABLE reference_fills ${HEX_TABLE}`);
  return measureScript('reference', { WORKERS: workers, RETRY: retry, TOKENS: file });
}

async function runSequential(): Promise<Measured> {
  await machine.target.command(`CREATE OR REPLACE TABLE sequential_fills ${HEX_TABLE}`);
  // The simulator sorts by time when it is first asked to: at full scale that took the pager's whole 20 s.
  const query = '{ orderFilledEvents(first: 1, orderBy: timestamp, orderDirection: asc) { id } }';
  const headers = { 'content-type': 'application/json' };
  await (await fetch(machine.source.url, { method: 'POST', headers, body: JSON.stringify({ query }) })).text();
  return measureScript('sequential', { SECONDS: String(SEQUENTIAL_S) });
}

function measureScript(name: 'reference' | 'sequential', settings: NodeJS.ProcessEnv): Promise<Measured> {
  return measure(
    machine,
    () =>
      runProgram(['--import', 'tsx', join(scriptsDir, `${name}.ts`)], process.cwd(), {
        SOURCE_URL: machine.source.url,
        CLICKHOUSE_URL: machine.server.loginUrl,
        ...settings,
      }),
    () => machine.count('uniqExact(id)', `${name}_fills`),
  );
}

/** Windows follow one another without a gap until one passes unused: the next then begins with the next request. */
function freshWindow(): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, 20_500));
}

function print(rows: readonly Row[], stages: readonly Stage[], total: number): void {
  const ours = rows[0] as Row;
  const floorMs = (total / 2000 / rps) * 1000;
  const cells = rows.map((row) => [
    row.name,
    formatDuration(row.wallMs),
    row.stopped
      ? `≈ ${((row.wallMs * total) / Math.max(1, row.rows) / ours.wallMs).toFixed(0)} ×`
      : `${(row.wallMs / ours.wallMs).toFixed(1)} ×`,
    formatCount(row.rows),
    row.stopped ? '' : formatCount(row.lost),
    requestsPer1000(row).toFixed(3),
    formatCount(row.throttled),
    microsPerRow(row.cpuMs, row),
    microsPerRow(row.clickhouseMs, row),
    microsPerRow(row.simulatorMs, row),
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
          s.value >= 1000 ? formatCount(Math.round(s.value)) : s.value.toFixed(3),
          s.unit,
        ]),
        [2],
      )}\n`,
    );
  }
}
