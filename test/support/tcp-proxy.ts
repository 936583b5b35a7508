/**
 * What lies between the program and ClickHouse: a proxy on loopback that loses connections, answers and time on demand.
 * It reads whole HTTP requests, so that a fault can be drawn from the seed and *what is asked*, never from order or
 * time, and then acts on the TCP connections: refused, reset before, in the middle of or after the request, cut, slow,
 * silent. An insert whose connection is reset after it was forwarded has been applied and lost its acknowledgement.
 */
import { Agent, createServer, type IncomingMessage, type ServerResponse, request as send } from 'node:http';
import type { AddressInfo } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { draw, hashText } from '../../src/simulator/hash.js';

export type ProxyFaultKind =
  | 'reset-before'
  | 'reset-during'
  | 'reset-after'
  | 'cut-answer'
  | 'stall-before'
  | 'stall-after'
  | 'slow'
  | 'bad-gateway'
  | 'empty-answer'
  | keyof typeof EXCEPTIONS;

export interface ProxyRule {
  readonly kind: ProxyFaultKind;
  /** The share of statements that it strikes, 0 to 1. */
  readonly rate: number;
  /** Inserts of fills, or everything else; absent: both. */
  readonly only?: StatementKind;
  /** Only statements whose text contains this. */
  readonly matching?: string;
  /** Strikes the same statement with the same data at most so often: a retry then gets through. */
  readonly maxPerBody?: number;
  /** Only statements of its kind from this one on and before that one, counted from 0. */
  readonly fromRequest?: number;
  readonly untilRequest?: number;
  /** Of `slow`, before and after the statement. */
  readonly delayMs?: number;
}

export type StatementKind = 'insert' | 'other';

/** What ClickHouse itself says when it cannot: number, HTTP status, words. */
const EXCEPTIONS = {
  'too-many-parts': [
    252,
    500,
    'Too many parts (3000 with average size of 1.00 MiB). Merges are processing significantly slower than inserts. (TOO_MANY_PARTS)',
  ],
  'memory-limit': [
    241,
    500,
    '(total) memory limit exceeded: would use 9.31 GiB, maximum: 9.00 GiB. (MEMORY_LIMIT_EXCEEDED)',
  ],
  'too-many-queries': [202, 500, 'Too many simultaneous queries. Maximum: 100. (TOO_MANY_SIMULTANEOUS_QUERIES)'],
  'table-read-only': [242, 500, 'Table is in readonly mode (replica path: /clickhouse/tables/1). (TABLE_IS_READ_ONLY)'],
  'disk-full': [243, 500, 'Cannot reserve 1.00 MiB, not enough space. (NOT_ENOUGH_SPACE)'],
  'no-space-left': [
    75,
    500,
    'Cannot write to file, errno: 28, strerror: No space left on device. (CANNOT_WRITE_TO_FILE_DESCRIPTOR)',
  ],
  'timeout-exceeded': [159, 500, 'Timeout exceeded: elapsed 60.0 seconds, maximum: 60. (TIMEOUT_EXCEEDED)'],
  'access-denied': [
    497,
    403,
    'chaos: Not enough privileges. To execute this query, it is necessary to have the grant INSERT ON t. (ACCESS_DENIED)',
  ],
  'read-only-user': [164, 500, 'chaos: Cannot execute query in readonly mode. (READONLY)'],
  'unknown-table': [60, 404, 'Table polymarket.clob_fills_staging does not exist. (UNKNOWN_TABLE)'],
} as const satisfies Record<string, readonly [number, number, string]>;

/** What passes: the statement is tried again until ClickHouse can. */
export const REFUSALS = [
  'too-many-parts',
  'memory-limit',
  'too-many-queries',
  'table-read-only',
  'disk-full',
  'no-space-left',
  'timeout-exceeded',
] as const satisfies readonly (keyof typeof EXCEPTIONS)[];

export interface Statement {
  readonly kind: StatementKind;
  /** The SQL, without data. */
  readonly sql: string;
  /** How many of its kind came before. */
  readonly ordinal: number;
  readonly bodyBytes: number;
}

export interface ProxyOptions {
  /** Where ClickHouse listens. */
  readonly upstreamPort: number;
  readonly seed?: number;
  readonly rules?: readonly ProxyRule[];
  /** Before a statement is forwarded or struck; the proxy waits for it. */
  readonly onStatement?: (statement: Statement) => void | Promise<void>;
  /** After ClickHouse has answered, before the client hears of it. */
  readonly onApplied?: (statement: Statement, status: number) => void | Promise<void>;
}

export interface TcpProxy {
  readonly url: string;
  readonly port: number;
  /** Statements seen, by kind. */
  readonly seen: Readonly<Record<StatementKind, number>>;
  /** Faults that struck, by kind. */
  readonly struck: Readonly<Record<string, number>>;
  /** Most statements of the kind between the two at one time. */
  readonly maxInFlight: Readonly<Record<StatementKind, number>>;
  setRules(rules: readonly ProxyRule[]): void;
  setUpstream(port: number): void;
  /** Refuses connections for a time, after resetting those that are open. Resolves when it is over. */
  goDown(forMs: number): Promise<void>;
  close(): Promise<void>;
}

const HOST = '127.0.0.1';

export async function startTcpProxy(options: ProxyOptions): Promise<TcpProxy> {
  const proxy = new LossyProxy(options);
  await proxy.listen(0);
  return proxy;
}

interface Answer {
  readonly status: number;
  readonly headers: IncomingMessage['headers'];
  readonly body: Buffer;
}

class LossyProxy implements TcpProxy {
  port = 0;
  readonly seen: Record<StatementKind, number> = { insert: 0, other: 0 };
  readonly struck: Record<string, number> = {};
  readonly maxInFlight: Record<StatementKind, number> = { insert: 0, other: 0 };
  readonly #inFlight: Record<StatementKind, number> = { insert: 0, other: 0 };
  readonly #asked = new Map<number, number>();
  readonly #agent = new Agent({ keepAlive: true });
  readonly #closing = new AbortController();
  readonly #server = createServer((request, response) => {
    // A client that went away in the middle is what this proxy is for.
    void this.#serve(request, response).catch(() => response.destroy());
  });
  #upstreamPort: number;
  #rules: readonly ProxyRule[];
  #down = 0;

  constructor(private readonly options: ProxyOptions) {
    this.#upstreamPort = options.upstreamPort;
    this.#rules = options.rules ?? [];
    this.#server.keepAliveTimeout = 60_000;
    this.#server.requestTimeout = 0;
    this.#server.headersTimeout = 0;
  }

  get url(): string {
    return `http://${HOST}:${this.port}`;
  }

  async listen(port: number): Promise<void> {
    await new Promise<void>((resolve, reject) => {
      this.#server.once('error', reject);
      this.#server.listen(port, HOST, 1024, () => {
        this.#server.off('error', reject);
        resolve();
      });
    });
    this.port = (this.#server.address() as AddressInfo).port;
  }

  setRules(rules: readonly ProxyRule[]): void {
    this.#rules = rules;
  }

  setUpstream(port: number): void {
    this.#upstreamPort = port;
  }

  async goDown(forMs: number): Promise<void> {
    if (this.#down++ === 0) await this.#stopListening();
    await sleep(forMs, undefined, { signal: this.#closing.signal }).catch(() => undefined);
    if (--this.#down === 0 && !this.#closing.signal.aborted) await this.listen(this.port);
  }

  async close(): Promise<void> {
    this.#closing.abort();
    await this.#stopListening();
    this.#agent.destroy();
  }

  async #stopListening(): Promise<void> {
    if (!this.#server.listening) return;
    const closed = new Promise<void>((resolve) => this.#server.close(() => resolve()));
    this.#server.closeAllConnections();
    await closed;
  }

  async #serve(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const parts: Buffer[] = [];
    for await (const part of request) parts.push(part as Buffer);
    const body = Buffer.concat(parts);
    const sql = statementOf(request.url ?? '/', body);
    const kind: StatementKind = /^\s*INSERT INTO\b[\s\S]*\bFORMAT RowBinary\b/i.test(sql) ? 'insert' : 'other';
    const statement: Statement = { kind, sql, ordinal: this.seen[kind]++, bodyBytes: body.length };
    const inFlight = ++this.#inFlight[kind];
    this.maxInFlight[kind] = Math.max(this.maxInFlight[kind], inFlight);
    try {
      await this.options.onStatement?.(statement);
      const rule = this.#strike(statement, body);
      if (rule) this.struck[rule.kind] = (this.struck[rule.kind] ?? 0) + 1;
      await this.#act(rule, request, response, body, statement);
    } finally {
      this.#inFlight[kind]--;
    }
  }

  #strike({ kind, sql, ordinal }: Statement, body: Buffer): ProxyRule | undefined {
    if (this.#rules.length === 0) return undefined;
    const text = `${sql}\n${body.toString('latin1')}`;
    const key = hashText(this.options.seed ?? 1, text);
    const attempt = this.#asked.get(key) ?? 0;
    this.#asked.set(key, attempt + 1);
    return this.#rules.find(
      (rule, salt) =>
        (rule.only === undefined || rule.only === kind) &&
        (rule.matching === undefined || sql.includes(rule.matching)) &&
        ordinal >= (rule.fromRequest ?? 0) &&
        ordinal < (rule.untilRequest ?? Number.POSITIVE_INFINITY) &&
        attempt < (rule.maxPerBody ?? Number.POSITIVE_INFINITY) &&
        draw((this.options.seed ?? 1) + attempt, String(key), salt) < rule.rate,
    );
  }

  async #act(
    rule: ProxyRule | undefined,
    request: IncomingMessage,
    response: ServerResponse,
    body: Buffer,
    statement: Statement,
  ): Promise<void> {
    const forward = async () => {
      const answer = await this.#forward(request, body);
      await this.options.onApplied?.(statement, answer.status);
      return answer;
    };
    if (rule === undefined) return reply(response, await forward());
    switch (rule.kind) {
      case 'slow':
        await this.#sleep(rule.delayMs ?? 100);
        return reply(response, await forward());
      case 'reset-before':
        return reset(response);
      case 'reset-during':
        await this.#forwardHalf(request, body);
        return reset(response);
      case 'reset-after':
        await forward();
        return reset(response);
      case 'cut-answer': {
        const answer = await forward();
        const half = answer.body.subarray(0, Math.floor(answer.body.length / 2));
        response.writeHead(answer.status, { ...endToEnd(answer.headers), 'content-length': half.length + 10 });
        await new Promise<void>((resolve) => response.write(half.length > 0 ? half : ' ', () => resolve()));
        return reset(response);
      }
      case 'stall-before':
        return this.#untilClosed(response);
      case 'stall-after':
        await forward();
        return this.#untilClosed(response);
      case 'bad-gateway':
        return reply(response, {
          status: 502,
          headers: { 'content-type': 'text/html' },
          body: Buffer.from('<html><body><h1>502 Bad Gateway</h1></body></html>'),
        });
      case 'empty-answer':
        return reply(response, { status: 503, headers: {}, body: Buffer.alloc(0) });
      default: {
        const [code, status, words] = EXCEPTIONS[rule.kind];
        return reply(response, {
          status,
          headers: { 'content-type': 'text/plain; charset=UTF-8', 'x-clickhouse-exception-code': String(code) },
          body: Buffer.from(`Code: ${code}. DB::Exception: ${words} (version 26.7.1.1)\n`),
        });
      }
    }
  }

  #forward(request: IncomingMessage, body: Buffer): Promise<Answer> {
    return new Promise((resolve, reject) => {
      const out = this.#open(request, body.length, (answer) => {
        const parts: Buffer[] = [];
        answer.on('data', (part: Buffer) => parts.push(part));
        answer.once('error', reject);
        answer.once('end', () =>
          resolve({ status: answer.statusCode ?? 500, headers: answer.headers, body: Buffer.concat(parts) }),
        );
      });
      out.once('error', reject);
      out.end(body);
    });
  }

  /** The server sees a body that ends before its length, and refuses the whole of it. */
  #forwardHalf(request: IncomingMessage, body: Buffer): Promise<void> {
    return new Promise((resolve) => {
      const out = this.#open(request, body.length, (answer) => answer.resume());
      out.once('error', () => resolve());
      out.once('close', () => resolve());
      out.write(body.subarray(0, Math.floor(body.length / 2)), () => setTimeout(() => out.destroy(), 5));
    });
  }

  #open(request: IncomingMessage, bytes: number, onAnswer: (answer: IncomingMessage) => void) {
    const { 'transfer-encoding': _chunked, connection: _hop, ...headers } = request.headers;
    return send(
      {
        host: HOST,
        port: this.#upstreamPort,
        method: request.method,
        path: request.url,
        headers: { ...headers, 'content-length': bytes },
        agent: this.#agent,
      },
      onAnswer,
    );
  }

  async #sleep(ms: number): Promise<void> {
    await sleep(ms, undefined, { signal: this.#closing.signal }).catch(() => undefined);
  }

  #untilClosed(response: ServerResponse): Promise<void> {
    return new Promise((resolve) => {
      response.once('close', () => resolve());
      this.#closing.signal.addEventListener('abort', () => resolve(), { once: true });
    });
  }
}

/** The SQL of a request: in the URL where the body holds data, else the body itself. */
function statementOf(url: string, body: Buffer): string {
  const inUrl = new URL(url, `http://${HOST}`).searchParams.get('query');
  return inUrl ?? body.toString('utf8');
}

function endToEnd(headers: IncomingMessage['headers']): Record<string, string> {
  const { 'transfer-encoding': _chunked, connection: _hop, 'keep-alive': _alive, ...rest } = headers;
  return rest as Record<string, string>;
}

function reply(response: ServerResponse, { status, headers, body }: Answer): void {
  if (response.destroyed) return;
  response.writeHead(status, { ...endToEnd(headers), 'content-length': body.length });
  response.end(body);
}

function reset(response: ServerResponse): void {
  response.socket?.resetAndDestroy();
}
