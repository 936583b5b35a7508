// How long verify, promote and rebuild-pnl take, and how much memory their statements use, on a universe made inside ClickHouse.
//
//   npm run bench:pnl -- [--matches 4500000] [--markets 40000] [--wallets 250000] [--memory-mb 2000] [--dir DIR]
//
// The universe obeys the exchange's rules (test/datasets/pnl/universe/), about 2.25 fills a match. It is hard on P&L: nearly every fill is
// another pair of wallet and token. The embedded server runs beside this script; its folder is temporary unless --dir names one.
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { cpus, tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import pino from 'pino';
import { openTarget } from '../../dist/clickhouse/client.js';
import { EmbeddedServer } from '../../dist/clickhouse/embedded/embedded.js';
import { createFillsTable, ensureDatabase, ensureTables } from '../../dist/clickhouse/schema.js';
import { verifyRun } from '../../dist/datasets/fills/checks/verify-run.js';
import { rebuildPnlTables } from '../../dist/datasets/pnl/rebuild.js';
import { promoteRun } from '../../dist/publish/promote-run.js';
import { CheckpointKeeper } from '../../dist/run/keeper.js';
import { RunFolder } from '../../dist/run/run-folder.js';

const { values } = parseArgs({
  options: {
    matches: { type: 'string', default: '4500000' },
    markets: { type: 'string', default: '40000' },
    wallets: { type: 'string', default: '250000' },
    'memory-mb': { type: 'string', default: '2000' },
    seed: { type: 'string', default: '1' },
    dir: { type: 'string' },
    verbose: { type: 'boolean', default: false },
  },
});
const [matches, markets, wallets, memoryMb] = [values.matches, values.markets, values.wallets, values['memory-mb']].map(
  Number,
);
const STAGING = 'clob_fills_staging';
const RUN = 'bench';
const seed = Number(values.seed);
const sql = (name) => readFileSync(new URL(`../../test/datasets/pnl/universe/${name}.sql`, import.meta.url), 'utf8');

const dir = values.dir ?? mkdtempSync(join(tmpdir(), 'backfill-bench-'));
const server = await EmbeddedServer.start({ dir: join(dir, 'clickhouse') });
const target = await openTarget({
  url: server.url,
  ...server.login,
  database: 'bench',
  requestTimeoutMs: 600_000,
});
try {
  await ensureDatabase(target);
  await ensureTables(target);
  await makeUniverse();
  const [shape] = await target.query(
    `SELECT count() AS rows, uniq(wallet) AS wallets, uniq(token_id) AS tokens, uniq(wallet, token_id) AS pairs FROM ${STAGING}`,
  );
  console.log(
    `${shape.rows} fills, ${shape.wallets} wallets, ${shape.tokens} tokens, about ${shape.pairs} pairs of both; ${cpus().length} cores`,
  );
  const work = { target, maxMemoryMb: memoryMb, log: pino({ level: values.verbose ? 'info' : 'silent' }) };
  const found = makeRun(Number(shape.rows));
  const verify = () => verifyRun(work, { found, acceptRejected: 0 });
  await measure('verify', async () => {
    const verdict = await verify();
    if (!verdict.passed) throw new Error(JSON.stringify(verdict.gates.filter((gate) => gate.status === 'failed')));
  });
  const promoted = await measure('promote', () =>
    promoteRun(work, { found, verify, keepBackups: 2, acceptRejected: 0 }),
  );
  console.log(
    `  of which the exchange ${promoted.switchMs} ms; the rest proves that the table is the verified one, before and after`,
  );
  const rebuilt = await measure('rebuild-pnl', () => rebuildPnlTables(work));
  console.log(`  ${rebuilt.wallets} wallets; ${rebuilt.gates.map((gate) => `${gate.id}: ${gate.status}`).join('; ')}`);
} finally {
  await target.close();
  await server.close();
  if (values.dir === undefined) rmSync(dir, { recursive: true, force: true });
}

async function makeUniverse() {
  await createFillsTable(target, STAGING, { comment: `backfill run ${RUN}`, replace: true });
  await createFillsTable(target, 'clob_fills', { comment: 'backfill run before', replace: true });
  for (const table of ['outcome_tokens', 'source_counts']) await target.command(`TRUNCATE TABLE ${table}`);
  const step = 1_000_000;
  for (let first = 0; first < matches; first += step) {
    await target.longCommand(sql('fills'), {
      names: { fills: STAGING },
      params: { seed, first, matches: Math.min(step, matches - first), total: matches, markets, wallets },
    });
  }
  await target.command(sql('tokens'), { params: { seed, markets } });
  await target.longCommand(sql('counts'), { names: { fills: STAGING }, params: { run: RUN } });
}

function makeRun(rows) {
  const folder = RunFolder.create(join(dir, 'checkpoints'), RUN);
  const keeper = CheckpointKeeper.begin(folder, {
    dataset: 'fills',
    fingerprint: {},
    block: 1,
    chunks: 1,
    expectedRows: rows,
    expectedRequests: 0,
    requests: 0,
  });
  keeper.chunkDone({ ordinal: 0, rows, markets: 0, rejected: [] });
  keeper.update({ prepared: true, sittings: 1 }, { durable: true });
  return { folder, checkpoint: keeper.current };
}

/** Wall time, CPU and the largest memory of one statement, from the server's own log. */
async function measure(what, step) {
  const [{ t }] = await target.query('SELECT toUnixTimestamp64Micro(now64(6)) AS t');
  const from = performance.now();
  const result = await step();
  const seconds = (performance.now() - from) / 1000;
  await target.command('SYSTEM FLUSH LOGS');
  const [used] = await target.query(
    `SELECT max(memory_usage) AS peak, sum(ProfileEvents['OSCPUVirtualTimeMicroseconds']) / 1e6 AS cpu,
       argMax(replaceRegexpAll(query, '--[^\\n]*\\n', ''), memory_usage) AS statement
     FROM system.query_log
     WHERE type != 'QueryStart' AND current_database = 'bench' AND event_time_microseconds >= fromUnixTimestamp64Micro({t:Int64})`,
    { params: { t } },
  );
  const statement = used.statement.replace(/\s+/g, ' ').trim().slice(0, 60);
  console.log(
    `${what}: ${seconds.toFixed(1)} s, ${Number(used.cpu).toFixed(1)} s of CPU, peak of one statement ${(used.peak / 1e6).toFixed(0)} MB (${statement}…)`,
  );
  return result;
}
