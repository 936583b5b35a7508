/**
 * `npm run bench:kill [-- --markets N --fills N --kills N]`
 *
 * 20,000 markets and 4 million fills at 205 ms and 100 requests a second with 128 workers, killed three times with
 * SIGKILL, then the same command to the end: every row is compared with the universe in both directions, every token
 * and side in rows and USDC. Prints what a closing note needs.
 */
import { spawn } from 'node:child_process';
import { parseArgs } from 'node:util';
import { formatCount } from '../../src/report/format.js';
import { renderFacts } from '../../src/report/table.js';
import { createSyntheticUniverse } from '../../src/simulator/synthetic/universe.js';
import { tokenTotals } from '../../src/simulator/truth.js';
import { Machine, PROGRAM, runProgram } from './machine.js';
import { compareTables, writeTruth } from './truth-table.js';

const { values: options } = parseArgs({
  options: {
    markets: { type: 'string', default: '20000' },
    fills: { type: 'string', default: '4000000' },
    kills: { type: 'string', default: '3' },
    seed: { type: 'string', default: '1' },
  },
});
const [markets, fills, kills, seed] = [options.markets, options.fills, options.kills, options.seed].map(Number) as [
  number,
  number,
  number,
  number,
];
const machine = await Machine.start({ markets, fills, latencyMs: 205, rps: 100, seed });
const args = ['fills', '--rps', '100', '--workers', '128', '--database', 'bench', '--json'];
const env = { GOLDSKY_URL: machine.source.url, CLICKHOUSE_URL: machine.server.loginUrl };
let failed = false;
try {
  const expected = fills / 2000;
  for (let kill = 1; kill <= kills; kill++) {
    const at = await killAfter((expected * kill) / (kills + 1));
    process.stderr.write(`SIGKILL ${kill} after ${formatCount(at)} requests\n`);
  }
  const finished = await runProgram([PROGRAM, ...args], machine.dir, env);
  const report = JSON.parse(finished.stdout) as {
    rows: { loaded: number };
    requests: { made: number; per1000Rows: number };
    sitting: { rowsPerS: number; cpuMicrosPerRow: number; peakMemoryBytes: number };
    sittings: number;
  };
  const universe = createSyntheticUniverse({ seed, markets, fills });
  const truth = await writeTruth(machine.target, universe);
  const { onlyA: lost, onlyB: foreign } = await compareTables(machine.target, 'truth', 'clob_fills_staging');
  const physical = await machine.count('count()', 'clob_fills_staging');
  const distinct = await machine.count('uniqExact(tx_hash, order_hash)', 'clob_fills_staging');
  const differing = await differingTotals(universe);
  failed = finished.code !== 0 || lost + foreign + differing > 0 || distinct !== truth;
  process.stdout.write(
    `${renderFacts([
      [
        'fills',
        `${formatCount(truth)} in the universe, ${formatCount(distinct)} loaded, ${formatCount(physical)} stored before the collapse`,
      ],
      ['lost', formatCount(lost)],
      ['foreign or altered', formatCount(foreign)],
      ['token sides that differ', `${formatCount(differing)} in rows or USDC`],
      ['kills', `${kills}, then ${report.sittings} sittings in all, exit code ${finished.code}`],
      [
        'requests',
        `${formatCount((await machine.figures()).requests)} seen by the source, ${(((await machine.figures()).requests / truth) * 1000).toFixed(3)} per 1,000 rows, repeats included`,
      ],
      [
        'last sitting',
        `${formatCount(Math.round(report.sitting.rowsPerS))} rows/s, ${report.sitting.cpuMicrosPerRow.toFixed(2)} µs CPU a row, ${Math.round(finished.peakMemoryBytes / 1e6)} MB at most`,
      ],
    ])}\n`,
  );
} finally {
  await machine.close();
}
process.exitCode = failed ? 1 : 0;

/** Starts the program and kills it once the source has seen so many requests in all. */
async function killAfter(requests: number): Promise<number> {
  const child = spawn(process.execPath, [PROGRAM, ...args], {
    cwd: machine.dir,
    env: { ...process.env, ...env },
    stdio: 'ignore',
  });
  const ended = new Promise<void>((resolve) => child.once('exit', () => resolve()));
  let seen = 0;
  while (child.exitCode === null && seen < requests) {
    await new Promise((resolve) => setTimeout(resolve, 50));
    seen = (await machine.figures()).requests;
  }
  child.kill('SIGKILL');
  await ended;
  return seen;
}

async function differingTotals(universe: ReturnType<typeof createSyntheticUniverse>): Promise<number> {
  const rows = await machine.target.query<Record<'token' | 'side' | 'n' | 'usdc', string>>(
    `SELECT toString(token_id) AS token, side, count() AS n, toString(sum(toInt128(reinterpretAsInt64(usdc)))) AS usdc
     FROM clob_fills_staging FINAL GROUP BY token_id, side`,
  );
  const held = new Map(rows.map((row) => [`${row.token} ${row.side}`, `${row.n} ${row.usdc}`]));
  let differing = 0;
  for (const { token, served } of tokenTotals(universe)) {
    for (const [side, totals] of [
      ['BUY', served.buys],
      ['SELL', served.sells],
    ] as const) {
      const key = `${token} ${side}`;
      if (totals.fills > 0 && held.get(key) !== `${totals.fills} ${totals.usdc}`) differing++;
      if (totals.fills === 0 && held.has(key)) differing++;
      held.delete(key);
    }
  }
  return differing + held.size;
}
