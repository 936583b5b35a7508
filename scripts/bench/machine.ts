/** What every contestant runs against: one simulated source and one ClickHouse, both real processes, watched from outside. */
import { type ChildProcess, spawn } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { openTarget } from '../../src/clickhouse/client.js';
import { EmbeddedServer } from '../../src/clickhouse/embedded/embedded.js';
import { readServerFile } from '../../src/clickhouse/embedded/server-file.js';
import type { Target } from '../../src/clickhouse/target.js';

export const PROGRAM = fileURLToPath(new URL('../../dist/main.js', import.meta.url));
const TICKS_PER_SECOND = 100;

export interface SourceOptions {
  readonly markets: number;
  readonly fills: number;
  readonly latencyMs: number;
  readonly rps: number | null;
  readonly seed: number;
  readonly costModel?: object;
}

export class Machine {
  private constructor(
    readonly dir: string,
    readonly server: EmbeddedServer,
    readonly target: Target,
    private readonly simulator: ChildProcess,
    readonly source: { readonly url: string; readonly pnlUrl: string; readonly stats: string; readonly fills: number },
  ) {}

  static async start(options: SourceOptions): Promise<Machine> {
    const dir = mkdtempSync(join(tmpdir(), 'backfill-bench-'));
    const server = await EmbeddedServer.start({ dir: join(dir, 'clickhouse') });
    const target = await openTarget({
      url: server.url,
      ...server.login,
      database: 'bench',
      requestTimeoutMs: 600_000,
      maxSockets: 64,
    });
    await target.command('CREATE DATABASE IF NOT EXISTS bench', { withoutDatabase: true });
    const args = ['simulate', '--json', '--port', '0', '--seed', String(options.seed)];
    args.push(
      '--markets',
      String(options.markets),
      '--fills',
      String(options.fills),
      '--latency-ms',
      String(options.latencyMs),
    );
    if (options.rps !== null) args.push('--rps', String(options.rps));
    if (options.costModel) args.push('--cost-model', JSON.stringify(options.costModel));
    const simulator = spawn(process.execPath, ['--max-old-space-size=4096', PROGRAM, ...args], {
      stdio: ['ignore', 'pipe', 'pipe'],
      cwd: dir,
    });
    const source = await firstLine(simulator);
    return new Machine(dir, server, target, simulator, source);
  }

  /** Counters of the simulator, and CPU so far of simulator and ClickHouse, milliseconds. */
  async figures(): Promise<{ requests: number; throttled: number; simulatorMs: number; clickhouseMs: number }> {
    const stats = (await (await fetch(this.source.stats)).json()) as {
      requests: number;
      throttled: number;
      cpuMs: number;
    };
    const pid = readServerFile(this.server.dir)?.pid;
    return {
      requests: stats.requests,
      throttled: stats.throttled,
      simulatorMs: stats.cpuMs,
      clickhouseMs: pid === undefined ? 0 : cpuMsOf(pid),
    };
  }

  async count(expression: string, table: string): Promise<number> {
    const [row] = await this.target.query<{ n: string }>(`SELECT ${expression} AS n FROM ${table}`);
    return Number(row?.n ?? 0);
  }

  async close(): Promise<void> {
    const { simulator } = this;
    const ended = new Promise((resolve) => simulator.once('exit', resolve));
    if (simulator.exitCode === null && simulator.signalCode === null && simulator.kill('SIGTERM')) await ended;
    await this.target.close();
    await this.server.close();
    rmSync(this.dir, { recursive: true, force: true });
  }
}

/** What it says when it is asked to end is of no interest; what it said when it ended by itself is. */
function firstLine(child: ChildProcess): Promise<Machine['source']> {
  let said = '';
  child.stderr?.on('data', (chunk) => {
    said = (said + chunk).slice(-4000);
  });
  return new Promise((resolve, reject) => {
    child.once('exit', (code) => reject(new Error(`the simulated source ended with ${code}: ${said.trim()}`)));
    createInterface({ input: child.stdout as NodeJS.ReadableStream }).once('line', (line) => resolve(JSON.parse(line)));
  });
}

/** User and system time of a process, Linux. */
export function cpuMsOf(pid: number): number {
  const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
  return ((Number(fields[11]) + Number(fields[12])) * 1000) / TICKS_PER_SECOND;
}

export interface Finished {
  readonly code: number | null;
  readonly stdout: string;
  readonly wallMs: number;
  readonly peakMemoryBytes: number;
  readonly cpuMs: number;
}

/**
 * Runs a Node program to its end, or until SIGINT after some time; CPU and peak memory are sampled from outside, so that no
 * contestant counts its own.
 */
export async function runProgram(
  args: readonly string[],
  cwd: string,
  env: NodeJS.ProcessEnv = {},
  interruptAfterMs?: number,
): Promise<Finished> {
  const startMs = performance.now();
  const child = spawn(process.execPath, [...args], {
    cwd,
    env: { ...process.env, ...env },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  let stdout = '';
  let stderr = '';
  child.stdout.on('data', (chunk) => {
    stdout += chunk;
  });
  child.stderr.on('data', (chunk) => {
    stderr = (stderr + chunk).slice(-4000);
  });
  let peakMemoryBytes = 0;
  let cpuMs = 0;
  const sampler = setInterval(() => {
    const pid = child.pid as number;
    try {
      cpuMs = cpuMsOf(pid);
      const peak = /VmHWM:\s+(\d+) kB/.exec(readFileSync(`/proc/${pid}/status`, 'utf8'));
      if (peak) peakMemoryBytes = Number(peak[1]) * 1024;
    } catch {
      // It has just ended: the last sample stands.
    }
  }, 20);
  const interrupt =
    interruptAfterMs === undefined ? undefined : setTimeout(() => child.kill('SIGINT'), interruptAfterMs);
  const code = await new Promise<number | null>((resolve) => child.once('close', resolve));
  clearTimeout(interrupt);
  clearInterval(sampler);
  if (code !== 0 && code !== 2 && interrupt === undefined) process.stderr.write(stderr);
  return { code, stdout, wallMs: performance.now() - startMs, peakMemoryBytes, cpuMs };
}
