/**
 * The embedded ClickHouse: a real server as a child process, on loopback, its data in a folder.
 *
 * One server serves a folder at a time: the engine's own lock sees to that. Whoever finds it running borrows it; whoever finds
 * it gone starts it. `server.json` says where it was last, and every server proves who it is, so that a port which now
 * belongs to somebody else is never taken for ours. Who may speak to it: `gate.ts`. What it may touch: `sandbox.ts`.
 */
import { setTimeout as sleep } from 'node:timers/promises';
import { EXIT, ExitError } from '../../core/exit.js';
import type { EngineProcess } from './engine-process.js';
import { EMBEDDED_USER, playUrl } from './gate.js';
import { ownerIsGone, type ServerFile, serverAnswers } from './server-file.js';
import {
  type Acquired,
  acquire,
  type EmbeddedOptions,
  POLL_MS,
  PROBE_TIMEOUT_MS,
  prepareFolder,
  silent,
  startTimeoutMs,
} from './starting.js';

const STOP_GRACE_MS = 20_000;

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

  /** ClickHouse's native protocol, where it was asked for. */
  get tcpPort(): number | undefined {
    return this.#server.tcpPort;
  }

  /** What a client logs in with. Stays the same while this object lives. */
  get login(): { readonly username: string; readonly password: string } {
    const open = this.options.usersXml !== undefined;
    return open ? { username: 'default', password: '' } : { username: EMBEDDED_USER, password: this.#server.secret };
  }

  /** The URL with the login in it, as CLICKHOUSE_URL takes it. */
  get loginUrl(): string {
    const { username, password } = this.login;
    return `http://${username}:${password}@127.0.0.1:${this.httpPort}`;
  }

  /** A page to ask it things in a browser. Whoever has this link may do what the tool may. */
  playUrl(database: string): string {
    return playUrl(this.#server, database);
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
    if (found.server.secret !== this.#server.secret) {
      throw new ExitError(
        EXIT.unavailable,
        `the embedded ClickHouse of ${this.dir} was started anew by another command, with another login`,
        'run the same command again',
      );
    }
    this.#server = found.server;
  }
}
