/**
 * The simulated venues: Polymarket (three hosts), Kalshi, Limitless, Opinion, Massive and The Odds API, as one HTTP server.
 *
 *     const venues = await startVenues({ seed: 7, size: 'tiny', limitScale: 0 });
 *     await fetch(`${venues.urls.gamma}/markets/keyset?limit=100&closed=false`);
 *     for (const market of venues.truth.kalshi.markets()) …     // what a right load holds
 *     venues.advance(60_000);                                    // a minute later: trades, new and closed markets
 *     venues.stats().kalshi.requests;  venues.setFaults([{ host: 'opinion', kind: 'errno', rate: 0.1 }]);
 *     await venues.close();
 *
 * Hosts differ by the path they hang on (`http://127.0.0.1:P/gamma`), and each has its own limit and its own clock for it. Limits go
 * by the real clock, the universe by a simulated one that stands still unless it is moved (`advance`) or started (`speed`).
 * Everything is computed from (seed, index, time) when it is asked for; `options.ts` has every setting, `truth.ts` what is right.
 */
import { setMaxListeners } from 'node:events';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';

import { SimulatedClock } from './clock.js';
import { type FaultRule, Faults } from './http/faults.js';
import type { Asked, Host, HostName } from './http/host.js';
import { beginOutage, serve } from './http/serve.js';
import { emptyHostStats, type HostStats, type VenuesStats } from './http/stats.js';
import { kalshiHost } from './kalshi/kalshi.js';
import { KalshiTruth } from './kalshi/truth.js';
import { KalshiUniverse } from './kalshi/universe.js';
import { limitlessHost } from './limitless/limitless.js';
import { LimitlessTruth } from './limitless/truth.js';
import { LimitlessUniverse } from './limitless/universe.js';
import { Bars } from './massive/bars.js';
import { massiveHost } from './massive/massive.js';
import { oddsHost } from './odds/odds.js';
import { opinionHost } from './opinion/opinion.js';
import { OpinionTruth } from './opinion/truth.js';
import { OpinionUniverse } from './opinion/universe.js';
import { settle, type Venue, type VenuesOptions } from './options.js';
import { clobHost } from './polymarket/clob.js';
import { dataApiHost } from './polymarket/data-api.js';
import { gammaHost } from './polymarket/gamma.js';
import { PolymarketTruth } from './polymarket/truth.js';
import { PolymarketUniverse } from './polymarket/universe.js';
import type { VenueTruth } from './truth.js';

export interface LoggedRequest {
  readonly host: HostName;
  readonly method: string;
  /** With the query. */
  readonly path: string;
  readonly body: string;
  readonly atMs: number;
}

export interface Venues {
  readonly port: number;
  /** Base URLs as the program's options take them. */
  readonly urls: Readonly<Record<HostName, string>>;
  readonly log: readonly LoggedRequest[];
  /** What a right load holds, as of `now()`. */
  readonly truth: Readonly<Record<Venue, VenueTruth>>;
  /** The bars that Massive's answers are made of. */
  readonly bars: Bars;
  stats(): VenuesStats;
  resetStats(): void;
  /** The simulated time, ms. */
  now(): number;
  /** Moves the simulated time: trades happen, markets open and close. */
  advance(ms: number): void;
  setFaults(rules: readonly FaultRule[]): void;
  setLatency(latencyMs: number): void;
  /** A host answers 503 (down) or resets connections (gone) for a real time. */
  goDown(host: HostName, forMs: number, how?: 'down' | 'gone'): void;
  /** A new row at the front of Limitless' listing, now. */
  insertLimitless(): void;
  close(): Promise<void>;
}

const HOST = '127.0.0.1';

export async function startVenues(options: VenuesOptions = {}): Promise<Venues> {
  const venues = new VenuesServer(options);
  await venues.listen(options.port ?? 0);
  return venues;
}

class VenuesServer implements Venues {
  readonly log: LoggedRequest[] = [];
  readonly hosts: readonly Host[];
  readonly truth: Readonly<Record<Venue, VenueTruth>>;
  readonly bars: Bars;
  port = 0;
  urls = {} as Readonly<Record<HostName, string>>;
  readonly #settled;
  readonly #clock: SimulatedClock;
  readonly #faults: Faults;
  readonly #limitless: LimitlessUniverse;
  readonly #stats = new Map<HostName, HostStats>();
  readonly #closing = new AbortController();
  readonly #server = createServer((request, response) => void this.#serve(request, response));
  #latencyMs: number;

  constructor(options: VenuesOptions) {
    setMaxListeners(0, this.#closing.signal);
    const settled = settle(options);
    this.#settled = settled;
    this.#clock = new SimulatedClock(settled.startMs, settled.speed);
    this.#faults = new Faults(settled.faultSeed, settled.faults);
    this.#latencyMs = settled.latencyMs;
    this.#limitless = new LimitlessUniverse(settled);
    const polymarket = new PolymarketUniverse(settled);
    const kalshi = new KalshiUniverse(settled);
    const opinion = new OpinionUniverse(settled);
    this.bars = new Bars(settled.seed, settled.startMs);
    this.hosts = [
      gammaHost(polymarket, this.#clock, settled),
      clobHost(polymarket, this.#clock, settled),
      dataApiHost(polymarket, this.#clock, settled),
      kalshiHost(kalshi, this.#clock, settled),
      limitlessHost(this.#limitless, this.#clock, settled),
      opinionHost(opinion, this.#clock, settled),
      massiveHost(this.bars, this.#clock, settled),
      oddsHost(settled.seed, this.#clock, settled),
    ];
    this.truth = {
      polymarket: new PolymarketTruth(polymarket, this.#clock),
      kalshi: new KalshiTruth(kalshi, this.#clock),
      limitless: new LimitlessTruth(this.#limitless, this.#clock),
      opinion: new OpinionTruth(opinion, this.#clock),
    };
    this.#server.keepAliveTimeout = 60_000;
    this.#server.requestTimeout = 0;
    this.#server.headersTimeout = 0;
  }

  async listen(port: number): Promise<void> {
    await new Promise<void>((resolve, reject) => {
      this.#server.once('error', reject);
      this.#server.listen(port, HOST, 4096, () => {
        this.#server.off('error', reject);
        resolve();
      });
    });
    this.port = (this.#server.address() as AddressInfo).port;
    const entries = this.hosts.map(({ name, base }) => [name, `http://${HOST}:${this.port}${base}`]);
    this.urls = Object.fromEntries(entries) as Record<HostName, string>;
  }

  stats(): VenuesStats {
    const entries = this.hosts.map(({ name }) => [name, structuredClone(this.#statsOf(name))]);
    return Object.fromEntries(entries) as VenuesStats;
  }

  resetStats(): void {
    this.#stats.clear();
  }

  now(): number {
    return this.#clock.now();
  }

  advance(ms: number): void {
    this.#clock.advance(ms);
  }

  setFaults(rules: readonly FaultRule[]): void {
    this.#faults.set(rules);
  }

  setLatency(latencyMs: number): void {
    this.#latencyMs = latencyMs;
  }

  goDown(host: HostName, forMs: number, how: 'down' | 'gone' = 'down'): void {
    const found = this.hosts.find(({ name }) => name === host);
    if (found) beginOutage(found, how, forMs);
  }

  insertLimitless(): void {
    this.#limitless.insert(this.#clock.now());
  }

  async close(): Promise<void> {
    if (this.#closing.signal.aborted) return;
    this.#closing.abort();
    const closed = new Promise<void>((resolve) => this.#server.close(() => resolve()));
    this.#server.closeAllConnections();
    await closed;
  }

  #statsOf(name: HostName): HostStats {
    const stats = this.#stats.get(name) ?? emptyHostStats();
    this.#stats.set(name, stats);
    return stats;
  }

  async #serve(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const path = request.url ?? '/';
    const host = this.hosts.find(
      ({ base }) => path === base || path.startsWith(`${base}/`) || path.startsWith(`${base}?`),
    );
    if (!host) {
      const known = path === '/stats' ? this.stats() : this.urls;
      response.writeHead(path === '/stats' || path === '/' ? 200 : 404, { 'content-type': 'application/json' });
      response.end(JSON.stringify(known));
      return;
    }
    try {
      await serve(
        {
          host,
          stats: () => this.#statsOf(host.name),
          faults: this.#faults,
          latencyMs: () => this.#latencyMs,
          closing: this.#closing.signal,
          insert: () => this.insertLimitless(),
          log: (asked) => this.#keep(host.name, asked),
        },
        request,
        response,
      );
    } catch (error) {
      // A client that went away is no news; anything else is a defect of the simulator and must be seen.
      if (response.destroyed || response.headersSent || this.#closing.signal.aborted) return;
      response.writeHead(500, { 'content-type': 'text/plain' });
      response.end(`simulator: ${error instanceof Error ? error.stack : String(error)}`);
    }
  }

  #keep(host: HostName, { method, path, search, body }: Asked): void {
    if (this.#settled.keepLog) this.log.push({ host, method, path: `${path}${search}`, body, atMs: performance.now() });
  }
}
