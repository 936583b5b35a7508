import { randomUUID } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { onTestFinished } from 'vitest';
import type { Target } from '../../src/clickhouse/target.js';
import type { FillsReport } from '../../src/datasets/fills/summary.js';
import type { Checkpoint } from '../../src/run/checkpoint.js';
import { findRun, type RunFolder } from '../../src/run/run-folder.js';
import { type Simulator, type SimulatorOptions, startSimulator } from '../../src/simulator/server.js';
import { createSyntheticUniverse } from '../../src/simulator/synthetic/universe.js';
import type { Universe } from '../../src/simulator/universe.js';
import type { TestClickHouse } from './clickhouse.js';
import { type ComparedTable, type Comparison, compareFills } from './compare-fills.js';
import type { Ended } from './node-child.js';
import { type Program, spawnBackfill } from './program.js';
import { type ProxyOptions, startTcpProxy, type TcpProxy } from './tcp-proxy.js';
import { tempWorkspace } from './workspace.js';

/** One situation: a simulated source, a database and a folder of its own, and the program run on them. */
export interface Scenario {
  readonly dir: string;
  readonly simulator: Simulator;
  readonly universe: Universe;
  readonly target: Target;
  /** Options that every command here takes. */
  readonly common: readonly string[];
  start(command: string, ...args: string[]): Program;
  /** `fills`, impatient: small pauses, no rate limit. Later options win. */
  startFills(...args: string[]): Program;
  fills(...args: string[]): Promise<Ended>;
  status(): Promise<Record<string, unknown>>;
  run(): { folder: RunFolder; checkpoint: Checkpoint };
  report(): FillsReport;
  compare(options?: ComparedTable): Promise<Comparison>;
}

export interface ScenarioOptions {
  readonly universe?: Universe;
  readonly simulator?: Omit<SimulatorOptions, 'universe'>;
  readonly env?: Readonly<Record<string, string>>;
}

/** Small pages and chunks, so that a small universe takes many of them. */
export const SMALL = ['--page-rows', '100', '--chunk-pages', '2', '--max-pack-tokens', '20', '--batch-rows', '300'];

const HASTE = [
  '--rps',
  '100000',
  '--retry-base',
  '20ms',
  '--request-timeout',
  '5s',
  '--workers',
  '16',
  '--threads',
  '1',
];

let shared: Universe | undefined;
/** 120 markets, about 12,000 fills; made once a file. */
export function smallUniverse(): Universe {
  shared ??= createSyntheticUniverse({ seed: 21, markets: 120, fills: 12_000 });
  return shared;
}

let many: Universe | undefined;
/** 1,600 markets, about 16,000 fills: the checkpoint is written every 500 markets, so kills meet some that hold chunks. */
export function manyMarkets(): Universe {
  many ??= createSyntheticUniverse({ seed: 22, markets: 1600, fills: 16_000, emptyShare: 0.05 });
  return many;
}

/** Call inside a test. */
export async function makeScenario(clickhouse: TestClickHouse, options: ScenarioOptions = {}): Promise<Scenario> {
  const dir = tempWorkspace();
  const universe = options.universe ?? smallUniverse();
  const simulator = await startSimulator({ universe, ...options.simulator });
  onTestFinished(() => simulator.close());
  const target = await clickhouse.database(`s_${randomUUID().slice(0, 8)}`);
  const common = ['--source-url', simulator.url, '--clickhouse-url', clickhouse.url, '--database', target.database];
  const start = (command: string, ...args: string[]) =>
    spawnBackfill([command, ...common, ...args], { cwd: dir, ...(options.env ? { env: options.env } : {}) });
  const startFills = (...args: string[]) => start('fills', ...HASTE, ...args);
  const run = () => {
    const found = findRun(join(dir, 'checkpoints'));
    if (found === null) throw new Error(`no run in ${dir}`);
    return found;
  };
  return {
    dir,
    simulator,
    universe,
    target,
    common,
    start,
    startFills,
    fills: (...args) => startFills(...args).ended,
    status: async () => {
      const { code, stdout, stderr } = await start('status', '--json').ended;
      if (code !== 0) throw new Error(`status ended with ${code}: ${stderr}`);
      return JSON.parse(stdout) as Record<string, unknown>;
    },
    run,
    report: () => (JSON.parse(readFileSync(run().folder.reportPath, 'utf8')) as { fills: FillsReport }).fills,
    compare: (compared) => compareFills(target, universe, compared),
  };
}

/** A proxy before ClickHouse, for as long as the test runs. */
export async function proxied(
  clickhouse: TestClickHouse,
  options: Omit<ProxyOptions, 'upstreamPort'> = {},
): Promise<TcpProxy> {
  const proxy = await startTcpProxy({ upstreamPort: Number(new URL(clickhouse.url).port), ...options });
  onTestFinished(() => proxy.close());
  return proxy;
}

/** Resolves once the condition holds; throws when the program ends before. */
export async function until(program: Program, condition: () => boolean): Promise<void> {
  const state = { over: false };
  void program.ended.then(() => {
    state.over = true;
  });
  while (!condition()) {
    if (state.over) throw new Error(`the program ended too early:\n${program.stdout()}${program.stderr()}`);
    await new Promise((resolve) => setTimeout(resolve, 5));
  }
}

/** Requests for pages that the source has answered. */
export function pagesServed(simulator: Simulator): number {
  return simulator.stats().byRootField.orderFilledEvents ?? 0;
}

/** What fails a test with the program's own words. */
export function outcome({ code, signal, stderr }: Ended): { code: number | null; stderr: string } {
  return { code: code ?? (signal === null ? null : -1), stderr };
}
