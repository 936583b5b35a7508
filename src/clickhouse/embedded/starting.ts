/** How a folder's server is found, or started. */
import { randomUUID } from 'node:crypto';
import { accessSync, chmodSync, constants, mkdirSync, realpathSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { EXIT, ExitError, usageError } from '../../core/exit.js';
import { cutMessage } from '../../core/failure.js';
import { describeHolder, livenessOf, thisHolder } from '../../core/holder.js';
import { pickPort } from '../ports.js';
import { findEngine } from './engine-package.js';
import { type EngineProcess, spawnEngine } from './engine-process.js';
import { type Gate, newSecret } from './gate.js';
import { writeServerConfig } from './server-config.js';
import { ownerIsGone, readServerFile, type ServerFile, serverAnswers, writeServerFile } from './server-file.js';

export interface EmbeddedOptions {
  /** Made when missing. Data, `server.json`, `server.log`. */
  readonly dir: string;
  /** XML for inside `<clickhouse>` of the server's configuration. */
  readonly serverXml?: string;
  /** A whole `users.xml`, for a server that stands for a remote one in tests: logins of its own, and no gate. */
  readonly usersXml?: string;
  /** Listens for ClickHouse's native protocol as well, and may connect to other servers: for shards, in tests. */
  readonly nativePort?: boolean;
  /** How long to wait for the folder's lock and for the server to answer. */
  readonly startTimeoutMs?: number;
  /** How long the server may take to end in order before it is killed. */
  readonly stopGraceMs?: number;
}

const START_TIMEOUT_MS = 60_000;
const MIN_START_MS = 10_000;
export const POLL_MS = 50;
/** A busy server may be slow to answer; one that is gone refuses at once. */
export const PROBE_TIMEOUT_MS = 2_000;
/** A server just ended may leave its port for another program to take between our look and the engine's. */
const PORT_ATTEMPTS = 5;

export function startTimeoutMs(options: EmbeddedOptions): number {
  return options.startTimeoutMs ?? START_TIMEOUT_MS;
}

export interface Acquired {
  readonly server: ServerFile;
  /** Present when we started it. */
  readonly child?: EngineProcess;
}

/** `before`: the server that we had, whose ports and secret must be used again. */
export async function acquire(dir: string, options: EmbeddedOptions, before?: ServerFile): Promise<Acquired> {
  const deadline = performance.now() + startTimeoutMs(options);
  let portsTried = 0;
  for (;;) {
    const known = readServerFile(dir);
    if (known !== undefined && !ownerIsGone(known) && (await serverAnswers(known, PROBE_TIMEOUT_MS))) {
      return { server: known };
    }
    const started = await tryStart(dir, options, { last: before ?? known, same: before !== undefined }, deadline);
    if (started.kind === 'started') return { server: started.server, child: started.child };
    if (started.kind === 'port taken' && before === undefined && ++portsTried >= PORT_ATTEMPTS) {
      throw new ExitError(EXIT.unavailable, `no free port for the embedded ClickHouse: ${started.reason}`);
    }
    if (performance.now() > deadline) throw cannotStart(dir, started, before);
    await sleep(started.kind === 'locked' ? 4 * POLL_MS : POLL_MS);
  }
}

type StartOutcome =
  | { kind: 'started'; server: ServerFile; child: EngineProcess }
  | { kind: 'locked' | 'port taken'; reason: string };

async function tryStart(
  dir: string,
  options: EmbeddedOptions,
  { last, same }: { last: ServerFile | undefined; same: boolean },
  deadline: number,
): Promise<StartOutcome> {
  const engine = findEngine();
  const httpPort = await pickPort(last?.httpPort);
  const tcpPort = options.nativePort === true ? await pickPort(last?.tcpPort, httpPort) : undefined;
  if (same && httpPort !== last?.httpPort) {
    return { kind: 'port taken', reason: `port ${last?.httpPort} belongs to another program` };
  }
  const secret = same && last !== undefined ? last.secret : newSecret();
  const gate: Gate = { httpPort, secret, instance: randomUUID() };
  const config = writeServerConfig(dir, gate, options);
  try {
    const args = engineArguments(dir, config.path, httpPort, tcpPort);
    const child = spawnEngine(engine, { cwd: dir, ports: tcpPort === undefined ? [httpPort] : null, args });
    const server: ServerFile = {
      ...gate,
      pid: child.pid ?? 0,
      owner: thisHolder(),
      ...(tcpPort === undefined ? {} : { tcpPort }),
      startedAt: new Date().toISOString(),
    };
    return await answerOf(dir, server, child, options, deadline);
  } finally {
    config.remove();
  }
}

function engineArguments(dir: string, config: string, httpPort: number, tcpPort: number | undefined): string[] {
  return [
    `--config-file=${config}`,
    `--path=${join(dir, 'data')}`,
    `--http_port=${httpPort}`,
    '--listen_host=127.0.0.1',
    `--logger.log=${join(dir, 'server.log')}`,
    '--log-level=information',
    // The log of statements is there for those that ask for it (longCommand), not for every insert.
    '--log_queries=0',
    '--query=SYSTEM START LISTEN HTTP',
    ...(tcpPort === undefined ? [] : [`--tcp_port=${tcpPort}`, '--query=SYSTEM START LISTEN TCP']),
    // Holds the server open until its stdin closes: it ends in order however its owner ends.
    '--query=CREATE TEMPORARY TABLE hold (line String) ENGINE = File(LineAsString, stdin)',
    '--query=SELECT count() FROM hold FORMAT Null',
  ];
}

/** Until it answers or has ended. */
async function answerOf(
  dir: string,
  server: ServerFile,
  child: EngineProcess,
  options: EmbeddedOptions,
  deadline: number,
): Promise<StartOutcome> {
  // Waiting for the lock may have used up the time; a child that is there gets its own.
  const answerBy = Math.max(deadline, performance.now() + Math.min(startTimeoutMs(options), MIN_START_MS));
  while (child.exited === undefined) {
    if (await serverAnswers(server, PROBE_TIMEOUT_MS)) {
      writeServerFile(dir, server);
      return { kind: 'started', server, child };
    }
    if (performance.now() > answerBy) {
      await child.stop(0);
      throw silent(dir, server);
    }
    await sleep(POLL_MS);
  }
  const reason = child.lastWords();
  if (/Cannot lock file/i.test(reason)) return { kind: 'locked', reason };
  if (/Address already in use/i.test(reason)) return { kind: 'port taken', reason };
  throw new ExitError(
    EXIT.usage,
    `the embedded ClickHouse does not start (${child.exited}): ${cutMessage(reason || 'it said nothing')}`,
    `look into ${join(dir, 'server.log')}, or set CLICKHOUSE_URL to another server`,
  );
}

/** The real path: a folder reached by two names is one folder, and the engine wants it absolute. */
export function prepareFolder(dir: string): string {
  try {
    mkdirSync(dir, { recursive: true, mode: 0o700 });
    const real = realpathSync(dir);
    accessSync(real, constants.R_OK | constants.W_OK | constants.X_OK);
    const data = join(real, 'data');
    mkdirSync(data, { recursive: true, mode: 0o700 });
    // An older version left it open to all.
    if (statSync(data).mode & 0o077) chmodSync(data, 0o700);
    return real;
  } catch (error) {
    throw usageError(
      `the folder of the embedded ClickHouse cannot be used: ${error instanceof Error ? error.message : String(error)}`,
      'choose a folder that can be written, or set CLICKHOUSE_URL',
    );
  }
}

export function silent(dir: string, server: ServerFile): ExitError {
  return new ExitError(
    EXIT.unavailable,
    `the embedded ClickHouse on port ${server.httpPort} (pid ${server.pid}) does not answer`,
    `look into ${join(dir, 'server.log')}`,
  );
}

function cannotStart(
  dir: string,
  outcome: { kind: string; reason: string },
  before: ServerFile | undefined,
): ExitError {
  if (outcome.kind === 'locked') {
    const holder = readServerFile(dir);
    // Nobody here can see whether it is well: it may serve a whole container.
    if (holder !== undefined && livenessOf(holder.owner) === 'elsewhere') {
      return new ExitError(
        EXIT.unavailable,
        `the folder ${dir} is in use by a ClickHouse that ${describeHolder(holder.owner)} started, in another container or on another machine; it does not answer here on port ${holder.httpPort}`,
        'wait until that command has ended, give another --clickhouse-dir, or run a server that both reach and set CLICKHOUSE_URL',
      );
    }
    return new ExitError(
      EXIT.unavailable,
      `another ClickHouse holds the folder ${dir} and does not answer`,
      holder === undefined
        ? 'end it, or use another folder'
        : `it may be process ${holder.pid} on port ${holder.httpPort}: end it, or use another folder`,
    );
  }
  return new ExitError(
    EXIT.unavailable,
    `the embedded ClickHouse cannot come back on its port ${before?.httpPort}: ${outcome.reason}`,
    'run the same command again',
  );
}
