/**
 * The embedded ClickHouse: a real server as a child process, on loopback, its data in a folder.
 *
 * One server serves a folder at a time: the engine's own lock sees to that. Whoever finds it running borrows it; whoever finds
 * it gone starts it. `server.json` says where it was last, and every server names itself at `GET /`, so that a port which now
 * belongs to somebody else is never taken for ours.
 */
import { randomUUID } from 'node:crypto';
import { accessSync, constants, mkdirSync, realpathSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { EXIT, ExitError, usageError } from '../../core/exit.js';
import { cutMessage } from '../../core/failure.js';
import { pickPort } from '../ports.js';
import { findEngine } from './engine-package.js';
import { type EngineProcess, spawnEngine } from './engine-process.js';
import { writeServerConfig } from './server-config.js';
import {
  identityOf,
  ownerIsGone,
  readServerFile,
  type ServerFile,
  serverAnswers,
  writeServerFile,
} from './server-file.js';

export interface EmbeddedOptions {
  /** Made when missing. Data, `server.json`, `server.log`. */
  readonly dir: string;
  /** XML for inside `<clickhouse>` of the server's configuration. */
  readonly serverXml?: string;
  /** A whole `users.xml`. Absent: the user `default` without a password, who may do everything. */
  readonly usersXml?: string;
  /** How long to wait for the folder's lock and for the server to answer. */
  readonly startTimeoutMs?: number;
  /** How long the server may take to end in order before it is killed. */
  readonly stopGraceMs?: number;
}

const START_TIMEOUT_MS = 60_000;
const MIN_START_MS = 10_000;
const STOP_GRACE_MS = 20_000;
const POLL_MS = 50;
/** A busy server may be slow to answer; one that is gone refuses at once. */
const PROBE_TIMEOUT_MS = 2_000;
/** A server just ended may leave its port for another program to take between our look and the engine's. */
const PORT_ATTEMPTS = 5;

export class EmbeddedServer {
  #server: ServerFile;
  #child: EngineProcess | undefined;
  #ensuring: Promise<void> | undefined;
  #closed = false;

  private constructor(
    private readonly options: EmbeddedOptions,
    readonly dir: string,
    found: Acquired,
  ) {
    this.#server = found.server;
    this.#child = found.child;
  }

  /** Borrows the folder's server or starts it. Throws ExitError: 1 it cannot run here, 75 it cannot run now. */
  static async start(options: EmbeddedOptions): Promise<EmbeddedServer> {
    const dir = prepareFolder(options.dir);
    return new EmbeddedServer(options, dir, await acquire(dir, options));
  }

  /** Stays the same while this object lives. */
  get url(): string {
    return `http://127.0.0.1:${this.#server.httpPort}`;
  }

  get httpPort(): number {
    return this.#server.httpPort;
  }

  /** ClickHouse's native protocol. */
  get tcpPort(): number {
    return this.#server.tcpPort;
  }

  /** Of the server process, whoever owns it. */
  get pid(): number {
    return this.#server.pid;
  }

  /** Whether this process started the server, which then ends with it. */
  get owned(): boolean {
    return this.#child !== undefined;
  }

  /**
   * Returns when the server answers, after starting it again if it is gone: killed, or ended with the command that we had
   * borrowed it from. Throws ExitError(75) when it does not come back at the same URL.
   */
  ensure(): Promise<void> {
    this.#ensuring ??= this.#ensure().finally(() => {
      this.#ensuring = undefined;
    });
    return this.#ensuring;
  }

  /** Ends a server of ours in order; a borrowed one goes on. */
  async close(): Promise<void> {
    this.#closed = true;
    await this.#ensuring?.catch(() => undefined);
    const child = this.#child;
    this.#child = undefined;
    await child?.stop(this.options.stopGraceMs ?? STOP_GRACE_MS);
  }

  async #ensure(): Promise<void> {
    if (this.#closed) throw new ExitError(EXIT.unavailable, 'the embedded ClickHouse has been closed');
    if ((this.owned || !ownerIsGone(this.#server)) && (await serverAnswers(this.#server, PROBE_TIMEOUT_MS))) return;
    const deadline = performance.now() + startTimeoutMs(this.options);
    // Ours, alive and silent: overloaded, or on its way out. A second one could not have the folder anyway.
    while (this.#child !== undefined && this.#child.exited === undefined) {
      if (await serverAnswers(this.#server, PROBE_TIMEOUT_MS)) return;
      if (performance.now() > deadline) throw silent(this.dir, this.#server);
      await sleep(POLL_MS);
    }
    this.#child = undefined;
    const found = await acquire(this.dir, this.options, this.#server);
    if (this.#closed) await found.child?.stop(this.options.stopGraceMs ?? STOP_GRACE_MS);
    else this.#child = found.child;
    if (found.server.httpPort !== this.#server.httpPort) {
      throw new ExitError(
        EXIT.unavailable,
        `the embedded ClickHouse of ${this.dir} came back on port ${found.server.httpPort}, not ${this.#server.httpPort}`,
        'run the same command again',
      );
    }
    this.#server = found.server;
  }
}

function startTimeoutMs(options: EmbeddedOptions): number {
  return options.startTimeoutMs ?? START_TIMEOUT_MS;
}

interface Acquired {
  readonly server: ServerFile;
  /** Present when we started it. */
  readonly child?: EngineProcess;
}

/** `before`: the server that we had, whose ports must be used again. */
async function acquire(dir: string, options: EmbeddedOptions, before?: ServerFile): Promise<Acquired> {
  const deadline = performance.now() + startTimeoutMs(options);
  let portsTried = 0;
  for (;;) {
    const known = readServerFile(dir);
    if (known !== undefined && !ownerIsGone(known) && (await serverAnswers(known, PROBE_TIMEOUT_MS))) {
      return { server: known };
    }
    const started = await tryStart(dir, options, before ?? known, before !== undefined, deadline);
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
  ports: { httpPort: number; tcpPort: number } | undefined,
  samePorts: boolean,
  deadline: number,
): Promise<StartOutcome> {
  const engine = findEngine();
  const httpPort = await pickPort(ports?.httpPort);
  const tcpPort = await pickPort(ports?.tcpPort, httpPort);
  if (samePorts && httpPort !== ports?.httpPort) {
    return { kind: 'port taken', reason: `port ${ports?.httpPort} belongs to another program` };
  }
  const instance = randomUUID();
  const child = spawnEngine(engine, dir, [
    `--config-file=${writeServerConfig(dir, options)}`,
    `--path=${join(dir, 'data')}`,
    `--http_port=${httpPort}`,
    `--tcp_port=${tcpPort}`,
    '--listen_host=127.0.0.1',
    `--logger.log=${join(dir, 'server.log')}`,
    '--log-level=information',
    // The log of statements is there for those that ask for it (longCommand), not for every insert.
    '--log_queries=0',
    '--query=SYSTEM START LISTEN HTTP',
    '--query=SYSTEM START LISTEN TCP',
    // Holds the server open until its stdin closes: it ends in order however its owner ends.
    '--query=CREATE TEMPORARY TABLE hold (line String) ENGINE = File(LineAsString, stdin)',
    '--query=SELECT count() FROM hold FORMAT Null',
    '--',
    `--http_server_default_response=${identityOf(instance)}`,
  ]);
  const server: ServerFile = {
    pid: child.pid ?? 0,
    ownerPid: process.pid,
    httpPort,
    tcpPort,
    startedAt: new Date().toISOString(),
    instance,
  };
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
function prepareFolder(dir: string): string {
  try {
    mkdirSync(join(dir, 'data'), { recursive: true });
    const real = realpathSync(dir);
    accessSync(real, constants.R_OK | constants.W_OK | constants.X_OK);
    return real;
  } catch (error) {
    throw usageError(
      `the folder of the embedded ClickHouse cannot be used: ${error instanceof Error ? error.message : String(error)}`,
      'choose a folder that can be written, or set CLICKHOUSE_URL',
    );
  }
}

function silent(dir: string, server: ServerFile): ExitError {
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
