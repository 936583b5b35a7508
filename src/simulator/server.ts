/** The simulated source over HTTP: two endpoints on one port, with latency, an allowance, costs and faults. */
import { setMaxListeners } from 'node:events';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { type CostModel, costOf } from './cost.js';
import { type Conditions, Executor, STATEMENT_TIMEOUT } from './execute.js';
import type { FaultRule, Outage } from './fault-table.js';
import { edited, Faults, type Strike } from './faults.js';
import { draw } from './hash.js';
import { JsonWriter } from './json-writer.js';
import { errorsReply, jsonReply, type Reply, throttledReply } from './reply.js';
import { type Asked, operationNameIn, parseAsked, pinIn, readBody } from './request.js';
import type { EndpointName } from './schema.js';
import { send } from './send.js';
import { addTo, emptyStats, type Stats } from './stats.js';
import { Throttle, type ThrottleOptions } from './throttle.js';
import type { Universe } from './universe.js';

export interface SimulatorOptions {
  readonly universe: Universe;
  /** 0 or undefined: any free port. */
  readonly port?: number;
  /** Before each answer; jitter adds up to that much, drawn from the request. */
  readonly latencyMs?: number;
  readonly jitterMs?: number;
  readonly throttle?: ThrottleOptions;
  /** Short for `throttle: { rps }`. */
  readonly rps?: number;
  readonly faults?: readonly FaultRule[];
  readonly faultSeed?: number;
  readonly cost?: CostModel;
  /** The newest block at first; the universe's last one when not given. */
  readonly headBlock?: number;
  /** Asks for `Authorization: Bearer …`. */
  readonly token?: string;
  /** Keeps the text of every request in `simulator.log`. */
  readonly keepLog?: boolean;
}

export interface Simulator {
  readonly url: string;
  readonly pnlUrl: string;
  readonly baseUrl: string;
  readonly port: number;
  readonly universe: Universe;
  readonly log: readonly LoggedRequest[];
  stats(): Stats;
  resetStats(): void;
  setRps(rps: number): void;
  setLatency(latencyMs: number): void;
  setFaults(rules: readonly FaultRule[]): void;
  setCost(cost: CostModel | undefined): void;
  head(): number;
  /** Moves the head, also backwards. */
  advanceHead(blocks: number): void;
  /** Refuses connections, answers 503 or cuts every request for a time. Resolves when it is over. */
  goDown(forMs: number, how?: Outage): Promise<void>;
  close(): Promise<void>;
}

export interface LoggedRequest {
  readonly endpoint: EndpointName;
  readonly body: string;
  readonly atMs: number;
}

const HOST = '127.0.0.1';
const ENDPOINTS: Readonly<Record<string, EndpointName>> = { '/orderbook': 'orderbook', '/pnl': 'pnl' };

export async function startSimulator(options: SimulatorOptions): Promise<Simulator> {
  const simulator = new SimulatorServer(options);
  await simulator.listen(options.port ?? 0);
  return simulator;
}

class SimulatorServer implements Simulator {
  readonly universe: Universe;
  readonly log: LoggedRequest[] = [];
  port = 0;
  #stats = emptyStats();
  #cpuAtStart = process.cpuUsage();
  #head: number;
  #latencyMs: number;
  #cost: CostModel | undefined;
  #outage: Outage | undefined;
  readonly #throttle: Throttle;
  readonly #faults: Faults;
  readonly #executors: Readonly<Record<EndpointName, Executor>>;
  readonly #server = createServer((request, response) => void this.#serve(request, response));
  /** Output buffers that are free to be written again. */
  readonly #writers: JsonWriter[] = [];
  readonly #closing = new AbortController();

  constructor(readonly options: SimulatorOptions) {
    // Every answer that waits listens for the end.
    setMaxListeners(0, this.#closing.signal);
    this.universe = options.universe;
    this.#head = options.headBlock ?? options.universe.lastBlock;
    this.#latencyMs = options.latencyMs ?? 0;
    this.#cost = options.cost;
    this.#throttle = new Throttle({ ...options.throttle, ...(options.rps === undefined ? {} : { rps: options.rps }) });
    this.#faults = new Faults(options.faultSeed ?? 1, options.faults ?? []);
    this.#executors = {
      orderbook: new Executor('orderbook', options.universe),
      pnl: new Executor('pnl', options.universe),
    };
    this.#server.keepAliveTimeout = 60_000;
    this.#server.requestTimeout = 0;
    this.#server.headersTimeout = 0;
  }

  get baseUrl(): string {
    return `http://${HOST}:${this.port}`;
  }

  get url(): string {
    return `${this.baseUrl}/orderbook`;
  }

  get pnlUrl(): string {
    return `${this.baseUrl}/pnl`;
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
  }

  stats(): Stats {
    const { user, system } = process.cpuUsage(this.#cpuAtStart);
    return structuredClone({ ...this.#stats, cpuMs: Math.round((user + system) / 1000) });
  }

  resetStats(): void {
    const { inFlight } = this.#stats;
    this.#stats = { ...emptyStats(), inFlight, maxInFlight: inFlight };
    this.#cpuAtStart = process.cpuUsage();
  }

  setRps(rps: number): void {
    this.#throttle.setRps(rps);
  }

  setLatency(latencyMs: number): void {
    this.#latencyMs = latencyMs;
  }

  setFaults(rules: readonly FaultRule[]): void {
    this.#faults.set(rules);
  }

  setCost(cost: CostModel | undefined): void {
    this.#cost = cost;
  }

  head(): number {
    return this.#head;
  }

  advanceHead(blocks: number): void {
    this.#head += blocks;
  }

  async goDown(forMs: number, how: Outage = 'refuse'): Promise<void> {
    this.#outage = how;
    if (how === 'refuse') await this.#stopListening();
    await sleep(forMs, undefined, { signal: this.#closing.signal }).catch(() => undefined);
    this.#outage = undefined;
    if (how === 'refuse' && !this.#closing.signal.aborted) await this.listen(this.port);
  }

  async close(): Promise<void> {
    if (this.#closing.signal.aborted) return;
    this.#closing.abort();
    await this.#stopListening();
  }

  async #stopListening(): Promise<void> {
    if (!this.#server.listening) return;
    const closed = new Promise<void>((resolve) => this.#server.close(() => resolve()));
    this.#server.closeAllConnections();
    await closed;
  }

  async #serve(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const path = (request.url ?? '/').split('?')[0] as string;
    if (request.method === 'GET' && path === '/healthz') return sendNow(response, 200, 'text/plain', 'ok\n');
    if (request.method === 'GET' && path === '/stats') {
      return sendNow(response, 200, 'application/json', JSON.stringify(this.stats()));
    }
    const stats = this.#stats;
    stats.requests++;
    stats.inFlight++;
    if (stats.inFlight > stats.maxInFlight) stats.maxInFlight = stats.inFlight;
    let writer: JsonWriter | undefined;
    const borrow = () => {
      writer = this.#writers.pop() ?? new JsonWriter();
      return writer.reset();
    };
    try {
      const reply = await this.#answer(request, path, borrow);
      this.#stats.bytes += await send(request, response, reply, this.#closing.signal);
    } catch (error) {
      // A client that went away is no news; anything else is a defect of the simulator and must be seen.
      if (!response.destroyed && !this.#closing.signal.aborted) {
        const reply = jsonReply(500, { error: `simulator: ${error instanceof Error ? error.stack : String(error)}` });
        await send(request, response, reply, this.#closing.signal).catch(() => response.destroy());
      }
    } finally {
      this.#stats.inFlight--;
      if (writer) this.#writers.push(writer);
    }
  }

  async #answer(request: IncomingMessage, path: string, borrow: () => JsonWriter): Promise<Reply> {
    // A gateway has a key, or more, before it.
    const endpoint = ENDPOINTS[path.slice(path.lastIndexOf('/'))];
    const body = await readBody(request);
    if (this.#outage) return this.#outageReply();
    if (!endpoint || request.method !== 'POST') return this.#refused(404, 'not found: POST to /orderbook or /pnl');
    if (this.options.token !== undefined && request.headers.authorization !== `Bearer ${this.options.token}`) {
      return this.#refused(401, 'unauthorized');
    }
    if (this.options.keepLog) this.log.push({ endpoint, body, atMs: performance.now() });
    const refusal = this.#throttle.refuse();
    if (refusal) {
      this.#stats.throttled++;
      return throttledReply(refusal.retryAfterSeconds);
    }
    const asked = parseAsked(body);
    if (typeof asked === 'string') return this.#refused(400, asked);
    addTo(this.#stats.byOperation, asked.operationName ?? operationNameIn(asked.query));
    const outage = this.#faults.outage();
    if (outage) void this.goDown(outage.forMs ?? 1_000, outage.how);
    if (this.#outage) return this.#outageReply();
    const strike = this.#strike(body, asked);
    await this.#wait(body);
    if (this.#outage) return this.#outageReply();
    const instead = strike?.context && strike.fault?.instead?.(strike.context);
    if (instead) return this.#count(instead);
    return this.#execute(endpoint, asked, strike, borrow());
  }

  async #execute(endpoint: EndpointName, asked: Asked, strike: Strike | undefined, writer: JsonWriter): Promise<Reply> {
    const seen: Conditions = {
      head: this.#head,
      ...(strike?.context ? strike.fault?.conditions?.(strike.context) : {}),
    };
    const answer = this.#executors[endpoint].run(asked.query, asked.variables, asked.operationName, seen, writer);
    if (!answer.ok) return this.#count(errorsReply(...answer.messages));
    let rows = 0;
    for (const lane of answer.lanes) {
      rows += lane.rows;
      addTo(this.#stats.byRootField, lane.field);
      addTo(this.#stats.rowsByRootField, lane.field, lane.rows);
    }
    if (this.#cost) {
      const cost = costOf(this.#cost, answer.lanes, this.universe);
      const wait = cost.timesOut ? (this.#cost.budgetMs ?? 0) : cost.ms;
      if (wait > 0) await sleep(wait, undefined, { signal: this.#closing.signal });
      if (cost.timesOut) return this.#count(errorsReply(STATEMENT_TIMEOUT));
    }
    const reply: Reply = {
      status: 200,
      headers: { 'content-type': 'application/json' },
      body: strike
        ? edited(writer.finished(), answer.lanes, strike, (kind) => addTo(this.#stats.faults, kind))
        : writer.finished(),
      sending: 'whole',
      ...(strike?.fault?.sending ? { edit: strike.fault.sending } : {}),
    };
    this.#stats.rows += rows;
    return this.#count(reply);
  }

  #strike(body: string, asked: Asked): Strike | undefined {
    if (!this.#faults.active) return undefined;
    const strike = this.#faults.strike(body, {
      head: this.#head,
      deployment: this.universe.deployment,
      pin: pinIn(asked),
    });
    if (strike.kind) addTo(this.#stats.faults, strike.kind);
    return strike;
  }

  async #wait(body: string): Promise<void> {
    const { jitterMs = 0 } = this.options;
    const latency = this.#latencyMs + (jitterMs > 0 ? draw(0x6a697474, body, 0) * jitterMs : 0);
    if (latency > 0) await sleep(latency, undefined, { signal: this.#closing.signal });
  }

  #count(reply: Reply): Reply {
    if (reply.status === 429) this.#stats.throttled++;
    else if (reply.status === 200 && reply.body.subarray(0, 10).toString('latin1') === '{"errors":')
      this.#stats.errors++;
    else if (reply.status === 200) this.#stats.answered++;
    return reply;
  }

  #refused(status: number, error: string): Reply {
    this.#stats.refused++;
    return jsonReply(status, { error });
  }

  #outageReply(): Reply {
    const reply = jsonReply(503, {});
    reply.body = Buffer.alloc(0);
    if (this.#outage !== '503') reply.sending = 'reset-before';
    return reply;
  }
}

function sendNow(response: ServerResponse, status: number, type: string, text: string): void {
  response.writeHead(status, { 'content-type': type });
  response.end(text);
}
