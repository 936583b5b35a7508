/**
 * The simulated chain: a portal and a node over one universe, on one free port of 127.0.0.1.
 *
 *   const chain = await startChain({ seed: 1, blocks: 2_000, fillsPerBlock: 4 });
 *   chain.portalUrl   the data set's base: POST `${portalUrl}/finalized-stream`, GET `${portalUrl}/finalized-head`, …
 *   chain.rpcUrl      JSON-RPC; `rpc: { profile: 'infura' }` gives it a provider's limits and words
 *   chain.universe    knows what is true (`truth.ts`)
 *   chain.setFaults([{ kind: 'lost-log', rate: 0.01, server: 'portal' }]); chain.advance(30); await chain.close();
 */
import { setMaxListeners } from 'node:events';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { gunzipSync } from 'node:zlib';

import { type ChainFault, ChainFaults } from './faults.js';
import { ChainHead } from './head.js';
import type { ChainOptions } from './options.js';
import { DATASET, Portal, type PortalOptions } from './portal.js';
import { Rpc, type RpcOptions } from './rpc.js';
import type { RpcProfile, RpcProfileName } from './rpc-profiles.js';
import type { ChainSource } from './source.js';
import { emptyServerStats, type ServerStats } from './stats.js';
import { ChainUniverse } from './universe.js';

/** How the chain is served, whatever it holds. */
export interface ServingOptions {
  /** 0 or undefined: any free port. */
  readonly port?: number;
  /** The newest block at first; the universe's last one when not given. */
  readonly headBlock?: number;
  /** Blocks that finality lags behind the head. Default 4. */
  readonly finalityLag?: number;
  /** The head moves on by one block each so many milliseconds. Default: only when told. */
  readonly blockMs?: number;
  readonly portal?: PortalOptions;
  readonly rpc?: RpcOptions;
  readonly faults?: readonly ChainFault[];
  readonly faultSeed?: number;
}

export interface ChainServerOptions extends ServingOptions, ChainOptions {}

export interface ServedChain {
  /** The data set's base URL. */
  readonly portalUrl: string;
  readonly rpcUrl: string;
  readonly port: number;
  stats(): { readonly portal: ServerStats; readonly rpc: ServerStats };
  resetStats(): void;
  /** Moves the head, also backwards; at the universe's last block it stands still. Returns the new head. */
  advance(blocks: number): number;
  head(): number;
  finalized(): number;
  setFinalityLag(blocks: number): void;
  setFaults(faults: readonly ChainFault[]): void;
  setRpcProfile(profile: RpcProfileName | RpcProfile): void;
  close(): Promise<void>;
}

export interface SimulatedChain extends ServedChain {
  readonly universe: ChainUniverse;
}

const HOST = '127.0.0.1';
const PORTAL_PATH = `/datasets/${DATASET}`;
const RPC_PATH = '/rpc';
const FINALITY_LAG = 4;
/** Beyond what the portal allows, so that it can say so. */
const READ_BYTES = 8 << 20;

export async function startChain(options: ChainServerOptions): Promise<SimulatedChain> {
  const universe = new ChainUniverse(options);
  const server = new ChainServer(universe, options);
  await server.listen(options.port ?? 0);
  return Object.assign(server, { universe });
}

/** The same servers over logs that come from elsewhere (`recorded.ts`). */
export async function serveChain(source: ChainSource, options: ServingOptions = {}): Promise<ServedChain> {
  const server = new ChainServer(source, options);
  await server.listen(options.port ?? 0);
  return server;
}

class ChainServer implements ServedChain {
  port = 0;
  readonly #head: ChainHead;
  readonly #faults: ChainFaults;
  readonly #stats = { portal: emptyServerStats(), rpc: emptyServerStats() };
  readonly #portal: Portal;
  readonly #rpc: Rpc;
  readonly #clock: NodeJS.Timeout | undefined;
  readonly #closing = new AbortController();
  readonly #server = createServer((request, response) => void this.#serve(request, response));

  constructor(source: ChainSource, options: ServingOptions) {
    setMaxListeners(0, this.#closing.signal);
    const { lastBlock } = source;
    this.#head = new ChainHead(options.headBlock ?? lastBlock, lastBlock, options.finalityLag ?? FINALITY_LAG);
    this.#faults = new ChainFaults(options.faultSeed ?? 1, options.faults ?? []);
    const { signal } = this.#closing;
    this.#portal = new Portal(source, this.#head, this.#faults, this.#stats.portal, options.portal ?? {}, signal);
    this.#rpc = new Rpc(source, this.#head, this.#faults, this.#stats.rpc, options.rpc ?? {}, signal);
    if (options.blockMs !== undefined) this.#clock = setInterval(() => this.advance(1), options.blockMs).unref();
    this.#server.keepAliveTimeout = 60_000;
    this.#server.requestTimeout = 0;
    this.#server.headersTimeout = 0;
  }

  get portalUrl(): string {
    return `http://${HOST}:${this.port}${PORTAL_PATH}`;
  }

  get rpcUrl(): string {
    return `http://${HOST}:${this.port}${RPC_PATH}`;
  }

  async listen(port: number): Promise<void> {
    await new Promise<void>((resolve, reject) => {
      this.#server.once('error', reject);
      this.#server.listen(port, HOST, () => {
        this.#server.off('error', reject);
        resolve();
      });
    });
    this.port = (this.#server.address() as AddressInfo).port;
  }

  stats(): { portal: ServerStats; rpc: ServerStats } {
    return structuredClone(this.#stats);
  }

  resetStats(): void {
    for (const stats of Object.values(this.#stats)) {
      const { inFlight } = stats;
      Object.assign(stats, emptyServerStats(), { inFlight, maxInFlight: inFlight });
    }
  }

  advance(blocks: number): number {
    return this.#head.advance(blocks);
  }

  head(): number {
    return this.#head.number;
  }

  finalized(): number {
    return this.#head.finalized;
  }

  setFinalityLag(blocks: number): void {
    this.#head.finalityLag = blocks;
  }

  setFaults(faults: readonly ChainFault[]): void {
    this.#faults.set(faults);
  }

  setRpcProfile(profile: RpcProfileName | RpcProfile): void {
    this.#rpc.setProfile(profile);
  }

  async close(): Promise<void> {
    if (this.#closing.signal.aborted) return;
    clearInterval(this.#clock);
    this.#closing.abort();
    const closed = new Promise<void>((resolve) => this.#server.close(() => resolve()));
    this.#server.closeAllConnections();
    await closed;
  }

  async #serve(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const path = request.url ?? '/';
    if (path === '/healthz' || path === '/stats') {
      response.writeHead(200, { 'content-type': 'application/json' });
      response.end(
        JSON.stringify(path === '/stats' ? this.#stats : { head: this.head(), finalized: this.finalized() }),
      );
      return;
    }
    const isRpc = path === RPC_PATH || path.startsWith(`${RPC_PATH}/`);
    const stats = isRpc ? this.#stats.rpc : this.#stats.portal;
    stats.requests++;
    stats.inFlight++;
    stats.maxInFlight = Math.max(stats.maxInFlight, stats.inFlight);
    try {
      const body = await readBody(request);
      if (isRpc) await this.#rpc.serve(response, body, String(request.headers['user-agent'] ?? ''));
      else if (path.startsWith(PORTAL_PATH)) {
        await this.#portal.serve(request, response, path.slice(PORTAL_PATH.length), body);
      } else sendError(response, 404, 'unknown_dataset', `no such data set: ${path}`);
    } catch (error) {
      // A client that went away is no news; anything else is a defect of the simulator and must be seen.
      if (!response.destroyed && !this.#closing.signal.aborted) {
        const text = `simulator: ${error instanceof Error ? error.stack : String(error)}`;
        if (response.headersSent) response.destroy();
        else sendError(response, 500, 'internal_error', text);
      }
    } finally {
      stats.inFlight--;
    }
  }
}

/** Bodies may come encoded by gzip. */
async function readBody(request: IncomingMessage): Promise<string> {
  const pieces: Buffer[] = [];
  let bytes = 0;
  for await (const piece of request as AsyncIterable<Buffer>) {
    bytes += piece.length;
    if (bytes <= READ_BYTES) pieces.push(piece);
  }
  const body = Buffer.concat(pieces);
  return (request.headers['content-encoding'] === 'gzip' ? gunzipSync(body) : body).toString('utf8');
}

function sendError(response: ServerResponse, status: number, code: string, message: string): void {
  response.writeHead(status, { 'content-type': 'application/json' });
  response.end(
    JSON.stringify({ error: { type: status === 404 ? 'invalid_request_error' : 'api_error', code, message } }),
  );
}
