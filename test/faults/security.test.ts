import { readdirSync, readFileSync, readlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, onTestFinished, test } from 'vitest';
import { createRecordedUniverse } from '../../src/simulator/recorded.js';
import { startSimulator } from '../../src/simulator/server.js';
import { createSyntheticUniverse } from '../../src/simulator/synthetic/universe.js';
import { allFills } from '../../src/simulator/truth.js';
import { startTestClickHouse, type TestClickHouse } from '../support/clickhouse.js';
import { compareFills } from '../support/compare-fills.js';
import { spawnBackfill } from '../support/program.js';
import { makeScenario, outcome, pagesServed, SMALL, until } from '../support/scenario.js';
import { tempWorkspace } from '../support/workspace.js';

let clickhouse: TestClickHouse;
beforeAll(async () => {
  clickhouse = await startTestClickHouse();
});
afterAll(() => clickhouse.stop());

const universe = createSyntheticUniverse({ seed: 9, markets: 40, fills: 3_000 });
const exact = { rows: universe.fillCount, problems: [] };
const QUICK = ['--retry-base', '5ms', '--workers', '4', '--threads', '0', '--rps', '100000'];
const onLinux = test.runIf(process.platform === 'linux');

test('the whole job, and back, in a database whose name is quotes, backticks, a statement and letters of other alphabets', {
  timeout: 90_000,
}, async () => {
  const scenario = await makeScenario(clickhouse, { universe });
  const name = 'ы`"\'\\ {x:String}; DROP DATABASE polymarket --🦊';
  const target = await clickhouse.database(name);
  const into = ['--database', name];
  const pnl = ['--pnl-source-url', scenario.simulator.pnlUrl];
  for (const args of [
    ['run', ...SMALL, ...QUICK, ...pnl, ...into],
    ['run', '--fresh', ...SMALL, ...QUICK, ...pnl, ...into],
    ['status', ...into],
    ['promote', '--rollback', ...into],
    ['rebuild-pnl', ...into],
  ]) {
    expect(outcome(await scenario.start(args[0] as string, ...args.slice(1)).ended), args[0]).toMatchObject({
      code: 0,
    });
  }
  expect(await compareFills(target, universe, { table: 'clob_fills' })).toEqual(exact);
  const databases = await target.query<{ name: string }>('SELECT name FROM system.databases');
  expect(databases.map((row) => row.name)).toEqual(expect.arrayContaining([name, 'polymarket']));
  // Nothing went where the name would lead if it were part of a statement.
  const [other] = await scenario.target.query<{ n: string }>(
    "SELECT count() AS n FROM system.tables WHERE database = currentDatabase() OR database = 'polymarket'",
  );
  expect(other?.n).toBe('0');
});

const EVIL = '\'"`\\); DROP TABLE clob_fills_staging; --';

test('what a source or a catalogue says is data: names of tokens, wallets and deployments cannot become statements', {
  timeout: 60_000,
}, async () => {
  const good = allFills(universe).slice(0, 50);
  const [model] = good as [(typeof good)[number]];
  const hash = (n: number) => `0x${n.toString(16).padStart(64, 'e')}`;
  const bad = [{ maker: EVIL }, { taker: EVIL }, { fee: EVIL }, { makerAmountFilled: `1${EVIL}` }, { timestamp: EVIL }];
  const events = [
    ...good,
    ...bad.map((change, n) => ({
      ...model,
      id: `${hash(n)}_${hash(n + 100)}`,
      block: universe.lastBlock - 1,
      ...change,
    })),
  ];
  const condition = universe.conditions(universe.lastBlock).row(0);
  const hostile = createRecordedUniverse({
    events,
    deployment: `Qm${EVIL}`,
    lastBlock: universe.lastBlock,
    counters: [{ token: `1${EVIL}`, buys: 0, sells: 0, buyVolume: 0n, sellVolume: 0n }],
    conditions: [condition, { ...condition, id: `0x${EVIL}`, positionIds: [EVIL, '7'] }],
  });
  const scenario = await makeScenario(clickhouse, { universe: hostile });
  const ended = await scenario.fills(...SMALL, ...QUICK, '--retry-base', '1ms');
  expect(outcome(ended)).toMatchObject({ code: 2 });
  const compared = await compareFills(scenario.target, hostile, {
    only: ({ id }) => good.some((one) => one.id === id),
  });
  expect(compared).toEqual({ rows: good.length, problems: [] });

  const catalogue = join(scenario.dir, 'names.ndjson');
  writeFileSync(catalogue, JSON.stringify({ conditionId: condition.id, question: EVIL, slug: `${EVIL}\t\n\u0000` }));
  const markets = (pnlUrl: string) =>
    scenario.start('markets', '--pnl-source-url', pnlUrl, '--catalogue', catalogue, '--retry-base', '1ms').ended;
  const refused = await markets(scenario.simulator.pnlUrl);
  expect(refused.code).not.toBe(0);
  expect(refused.stderr).toMatch(/backfill: 1 conditions could not be decoded: 0x/);
  const tame = await startSimulator({ universe });
  onTestFinished(() => tame.close());
  expect(outcome(await markets(tame.pnlUrl))).toMatchObject({ code: 0 });
  const named = await scenario.target.query<{ question: string }>(
    "SELECT question FROM markets FINAL WHERE slug != ''",
  );
  expect(named).toEqual([{ question: EVIL }]);
  expect(await compareFills(scenario.target, hostile, { only: ({ id }) => good.some((one) => one.id === id) })).toEqual(
    compared,
  );
});

const inodesOf = (pid: number): Set<string> =>
  new Set(
    readdirSync(`/proc/${pid}/fd`).flatMap((fd) => {
      try {
        return /^socket:\[(\d+)\]$/.exec(readlinkSync(`/proc/${pid}/fd/${fd}`))?.[1] ?? [];
      } catch {
        // Closed meanwhile.
        return [];
      }
    }),
  );

interface Socket {
  readonly local: string;
  readonly remotePort: number;
  readonly state: string;
}

const LISTENING = '0A';

/** Sockets of TCP that the process has open; Linux only. */
function socketsOf(pid: number): Socket[] {
  const inodes = inodesOf(pid);
  return ['tcp', 'tcp6'].flatMap((file) =>
    readFileSync(`/proc/net/${file}`, 'utf8')
      .split('\n')
      .slice(1)
      .map((line) => line.trim().split(/\s+/))
      .filter((fields) => inodes.has(fields[9] ?? ''))
      .map(([, local = '', remote = '', state = '']) => ({
        local: local.split(':')[0] as string,
        remotePort: Number.parseInt(remote.split(':')[1] as string, 16),
        state,
      })),
  );
}

onLinux(
  'the embedded server listens on loopback alone, on whatever port, also in a folder with a name of markup; no title shows a secret',
  {
    timeout: 60_000,
  },
  async () => {
    const cwd = tempWorkspace();
    const token = 'tok-InNoTitleAtAll';
    const simulator = await startSimulator({ universe, token, latencyMs: 20 });
    onTestFinished(() => simulator.close());
    const dir = `a & <b> '"$(x)\` ы`;
    const args = [
      'fills',
      '--source-url',
      simulator.url,
      '--clickhouse-dir',
      dir,
      ...SMALL,
      ...QUICK,
      '--threads',
      '2',
    ];
    const secrets = [token, 'pw-InNoTitleAtAll'];
    const program = spawnBackfill(args, {
      cwd,
      env: { GOLDSKY_TOKEN: token, CLICKHOUSE_PASSWORD: secrets[1] as string },
    });
    await until(program, () => pagesServed(simulator) > 5);
    const { pid } = JSON.parse(readFileSync(join(cwd, dir, 'server.json'), 'utf8')) as { pid: number };
    const listening = socketsOf(pid).filter(({ state }) => state === LISTENING);
    expect(listening.length).toBe(1);
    expect(listening.filter(({ local }) => local !== '0100007F')).toEqual([]);
    expect(socketsOf(program.pid).filter(({ state }) => state === LISTENING)).toEqual([]);
    for (const one of [program.pid, pid]) {
      const titles = [
        `/proc/${one}/cmdline`,
        `/proc/${one}/comm`,
        ...readdirSync(`/proc/${one}/task`).map((task) => `/proc/${one}/task/${task}/comm`),
      ];
      for (const title of titles) {
        const text = readFileSync(title, 'latin1');
        expect(
          secrets.filter((secret) => text.includes(secret)),
          title,
        ).toEqual([]);
      }
    }
    expect(readFileSync(`/proc/${pid}/environ`, 'latin1')).not.toMatch(/InNoTitleAtAll/);
    expect(outcome(await program.ended)).toMatchObject({ code: 0 });
  },
);

onLinux(
  'open sockets are bounded by the workers, also while connections are reset and answers time out',
  {
    timeout: 60_000,
  },
  async () => {
    const scenario = await makeScenario(clickhouse, {
      universe,
      simulator: {
        latencyMs: 30,
        faults: (['reset-during', 'reset-before', 'silent'] as const).map((kind) => ({
          kind,
          rate: 0.1,
          maxPerBody: 2,
        })),
      },
    });
    const workers = 8;
    const threads = 2;
    const args = ['--workers', String(workers), '--threads', String(threads), '--request-timeout', '400ms'];
    const program = scenario.startFills(...SMALL, '--chunk-pages', '1', '--page-rows', '50', ...args);
    const ports = [scenario.simulator.port, Number(new URL(clickhouse.url).port)];
    const most = [0, 0];
    let over = false;
    void program.ended.then(() => {
      over = true;
    });
    while (!over) {
      const open = await Promise.resolve()
        .then(() => socketsOf(program.pid))
        .catch(() => []);
      for (const [i, port] of ports.entries()) {
        most[i] = Math.max(most[i] as number, open.filter(({ remotePort }) => remotePort === port).length);
      }
      await new Promise((resolve) => setTimeout(resolve, 10));
    }
    expect(outcome(await program.ended)).toMatchObject({ code: 0 });
    for (const count of most) {
      expect(count).toBeGreaterThan(1);
      // A thread has as many as it has chunks in hand; the main thread, at the source, one for each list that it reads at once.
      expect(count).toBeLessThanOrEqual(2 * (workers + threads) + 4);
    }
    expect(await scenario.compare()).toEqual(exact);
  },
);
