import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { gzipSync } from 'node:zlib';
import { afterEach, describe, expect, test } from 'vitest';
import { FailureError } from '../../../src/core/failure.js';
import type { HostRate } from '../../../src/net/host-rate.js';
import { type ChainServerOptions, type SimulatedChain, startChain } from '../../../src/simulator/chain/start.js';
import { chainFills } from '../../../src/simulator/chain/truth.js';
import { ExchangeEvents } from '../../../src/sources/chain/exchange-events.js';
import { EXCHANGES, filtersOf } from '../../../src/sources/chain/exchanges.js';
import { MatchProof } from '../../../src/sources/chain/matches.js';
import { Portal } from '../../../src/sources/chain/portal.js';

const opened: { close(): Promise<void> }[] = [];
afterEach(async () => {
  for (const each of opened.splice(0).reverse()) await each.close();
});

function open<T extends { close(): Promise<void> }>(each: T): T {
  opened.push(each);
  return each;
}

class CountedRate implements HostRate {
  turns = 0;
  readonly told: (string | number | undefined)[] = [];
  async acquire(): Promise<void> {
    this.turns++;
  }
  answered(): void {
    this.told.push('answered');
  }
  refused(retryAfterMs?: number): void {
    this.told.push(retryAfterMs);
  }
}

const FILTERS = filtersOf(EXCHANGES);
const make = (url: string, over: { gzip?: boolean; rate?: HostRate } = {}) =>
  open(new Portal({ url, connections: 2, silenceMs: 5_000, ...over }));

/** Reads a range to its end: fills, what is proved of them, headers; or how it fails. */
async function load(portal: Portal, from: number, to: number, signal?: AbortSignal) {
  const proof = new MatchProof();
  const numbers: number[] = [];
  let failure: FailureError['failure'] | null = null;
  let events: ExchangeEvents | undefined;
  try {
    for await (const block of portal.blocks({ from, to }, FILTERS, signal)) {
      events ??= new ExchangeEvents(block.logs);
      events.decode(block.logs);
      proof.check(block.number, events);
      numbers.push(block.number);
    }
  } catch (error) {
    if (!(error instanceof FailureError)) throw error;
    failure = error.failure;
  }
  return { numbers, failure, fills: proof.totals.fills, findings: proof.findings };
}

const range = (from: number, to: number) => Array.from({ length: to - from + 1 }, (_, i) => from + i);

describe('a simulated portal', () => {
  const seed = 11;
  const blocks = 60;
  const start = async (over: Partial<ChainServerOptions> = {}): Promise<SimulatedChain> =>
    open(await startChain({ seed, blocks, fillsPerBlock: 6, finalityLag: 0, ...over }));

  test('is read to the end of the range, however often it ends early: every block, every fill, every match closed', async () => {
    for (const portal of [{}, { replyBlocks: 7 }, { replyBytes: 20_000 }]) {
      const chain = await start({ portal });
      const { firstBlock, lastBlock } = chain.universe;
      const read = await load(make(chain.portalUrl), firstBlock, lastBlock);
      expect(read).toEqual({
        numbers: range(firstBlock, lastBlock),
        failure: null,
        fills: [...chainFills(chain.universe)].length,
        findings: [],
      });
    }
  });

  test('gzip gives the same, with fewer bytes', async () => {
    const chain = await start();
    const { firstBlock, lastBlock } = chain.universe;
    const [plain, zipped] = [make(chain.portalUrl), make(chain.portalUrl, { gzip: true })];
    expect(await load(zipped, firstBlock, lastBlock)).toEqual(await load(plain, firstBlock, lastBlock));
    expect(plain.figures).toMatchObject({ requests: 1, checkedLines: 0 });
    expect(zipped.figures.wireBytes).toBeLessThan(plain.figures.wireBytes / 3);
    expect(zipped.figures.wireBytes).toBeGreaterThan(0);
  });

  test('its finalized head is told, and beyond it there is nothing yet', async () => {
    const chain = await start({ finalityLag: 5 });
    const { lastBlock } = chain.universe;
    const portal = make(chain.portalUrl);
    const head = await portal.finalizedHead();
    expect(head).toEqual({ number: lastBlock - 5, hash: chain.universe.blockHash(lastBlock - 5) });
    const beyond = await load(portal, lastBlock - 6, lastBlock);
    expect(beyond.numbers).toEqual([lastBlock - 6, lastBlock - 5]);
    expect(beyond.failure).toMatchObject({ kind: 'transient', code: 'behind' });
  });

  test.each([
    ['throttled', { kind: 'throttled', code: 'throttled', retryAfterMs: 3_000 }],
    ['overloaded', { kind: 'throttled', code: 'throttled', retryAfterMs: 3_000 }],
    ['unavailable', { kind: 'transient', code: 'http_5xx' }],
    ['server-error', { kind: 'transient', code: 'http_5xx' }],
    ['empty', { kind: 'transient', code: 'store_unavailable' }],
  ] as const)('%s is a failure as data, and the host’s rate is told', async (kind, expected) => {
    const chain = await start({ faults: [{ kind, server: 'portal', retryAfterSeconds: 3 }] });
    const { firstBlock, lastBlock } = chain.universe;
    const rate = new CountedRate();
    const read = await load(make(chain.portalUrl, { rate }), firstBlock, lastBlock);
    expect(read).toMatchObject({ numbers: [], failure: expected });
    expect([rate.turns, rate.told]).toEqual([1, [expected.kind === 'throttled' ? 3_000 : 'answered']]);
  });

  test.each(['cut', 'early-end'] as const)(
    'an answer that ends as “%s” is continued where it stopped',
    async (kind) => {
      const chain = await start({ faults: [{ kind, server: 'portal' }] });
      const { firstBlock, lastBlock } = chain.universe;
      const portal = make(chain.portalUrl);
      const fills = [...chainFills(chain.universe)].length;
      let from = firstBlock;
      let read = await load(portal, from, lastBlock);
      let total = read.fills;
      // Where nothing at all came before the cut, the engine asks again.
      while (read.failure !== null && read.numbers.length > 0) {
        from += read.numbers.length;
        read = await load(portal, from, lastBlock);
        total += read.fills;
      }
      if (kind === 'early-end') expect([read.failure, total]).toEqual([null, fills]);
      else expect(read.failure === null || read.failure.code === 'bad_response').toBe(true);
      expect(portal.figures.requests).toBeGreaterThan(5);
    },
  );

  test('blocks that are left out or come twice are refused', async () => {
    const chain = await start();
    const { firstBlock, lastBlock } = chain.universe;
    const at = firstBlock + 20;
    chain.setFaults([{ kind: 'lost-range', blocks: { from: at, to: at + 2 }, server: 'portal' }]);
    const hole = await load(make(chain.portalUrl), firstBlock, lastBlock);
    expect(hole.failure).toMatchObject({
      code: 'bad_page',
      message: expect.stringContaining(`left out 3 blocks from ${at}`),
    });
    chain.setFaults([{ kind: 'duplicate-block', blocks: { from: at, to: at }, server: 'portal' }]);
    const twice = await load(make(chain.portalUrl), firstBlock, lastBlock);
    expect(twice.failure).toMatchObject({ code: 'bad_page', message: expect.stringContaining(`block ${at} again`) });
    expect(twice.numbers).toEqual(range(firstBlock, at));
  });

  test('a lost log and an altered amount are found by the proof of matches', async () => {
    const chain = await start();
    const { firstBlock, lastBlock } = chain.universe;
    for (const kind of ['lost-log', 'altered-amount'] as const) {
      chain.setFaults([{ kind, rate: 0.02, server: 'portal' }]);
      const read = await load(make(chain.portalUrl), firstBlock, lastBlock);
      expect(read.failure).toBeNull();
      expect(read.findings.length, kind).toBeGreaterThan(0);
    }
  });

  test('a run that stops ends the answer on the way', async () => {
    const chain = await start({ portal: { replyBlocks: 5 } });
    const { firstBlock, lastBlock } = chain.universe;
    const stop = new AbortController();
    stop.abort();
    const read = await load(make(chain.portalUrl), firstBlock, lastBlock, stop.signal);
    expect(read).toMatchObject({ numbers: [], failure: { kind: 'transient', code: 'stopped' } });
  });
});

describe('a portal that lies', () => {
  const hash = (n: number, of = 'a') => `0x${n.toString(16).padStart(64, of)}`;
  const line = (n: number, parent = hash(n - 1)) =>
    JSON.stringify({ header: { number: n, hash: hash(n), parentHash: parent, timestamp: 2 * n }, logs: [] });

  async function serve(answer: (request: IncomingMessage, response: ServerResponse, n: number) => void) {
    let n = 0;
    const server = createServer((request, response) => {
      request.resume();
      answer(request, response, n++);
    });
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    opened.push({
      close: () => {
        server.closeAllConnections();
        return new Promise((resolve) => server.close(() => resolve()));
      },
    });
    return make(`http://127.0.0.1:${(server.address() as AddressInfo).port}/datasets/polygon-mainnet/`, { gzip: true });
  }

  test('blocks of another chain do not follow', async () => {
    const portal = await serve((_, response) => response.end(`${line(5)}\n${line(6, hash(5, 'b'))}\n`));
    const read = await load(portal, 5, 6);
    expect(read).toMatchObject({ numbers: [5], failure: { kind: 'transient', code: 'reorganized' } });
  });

  test('a last line without its line feed counts, one that is cut is asked for again', async () => {
    const portal = await serve((_, response, n) =>
      response.end(n === 0 ? `${line(5)}\n${line(6).slice(0, 80)}` : line(6)),
    );
    expect(await load(portal, 5, 6)).toMatchObject({ numbers: [5, 6], failure: null });
    expect(portal.figures.requests).toBe(2);
  });

  test('a body that is cut within gzip, and a connection that breaks, are continued after what came', async () => {
    const whole = gzipSync(`${line(5)}\n${line(6)}\n`, { level: 0 });
    const portal = await serve((_, response, n) => {
      if (n === 2) response.end(`${line(6)}\n`);
      else {
        response.writeHead(200, { 'content-encoding': 'gzip' });
        // What stands of the second line is of no use.
        response.write(whole.subarray(0, whole.length - 60));
        if (n === 0) response.end();
        else setTimeout(() => response.destroy(), 20);
      }
    });
    expect(await load(portal, 5, 6)).toMatchObject({
      numbers: [5],
      failure: expect.objectContaining({ kind: 'transient' }),
    });
    expect(await load(portal, 6, 6)).toMatchObject({ numbers: [6], failure: null });
  });

  test('refusals are terminal, forks and time-outs are not', async () => {
    const cases = [
      [400, 'terminal', 'query_refused'],
      [401, 'terminal', 'query_refused'],
      [404, 'terminal', 'query_refused'],
      [408, 'transient', 'query_timeout'],
      [409, 'transient', 'reorganized'],
      [502, 'transient', 'http_5xx'],
    ] as const;
    for (const [status, kind, code] of cases) {
      const portal = await serve((_, response) => response.writeHead(status).end('{"message":"no\\nway"}'));
      const { failure } = await load(portal, 5, 6);
      expect(failure).toMatchObject({
        kind,
        code,
        message: expect.stringContaining(`HTTP ${status} for blocks 5 to 6`),
      });
    }
  });

  test('a head that is none, or not there, is said so', async () => {
    const portal = await serve((_, response, n) => response.end(['null', '{"number":"5"}', '<html>'][n]));
    await expect(portal.finalizedHead()).rejects.toMatchObject({ failure: { code: 'behind' } });
    await expect(portal.finalizedHead()).rejects.toMatchObject({ failure: { code: 'bad_response' } });
    await expect(portal.finalizedHead()).rejects.toMatchObject({ failure: { code: 'bad_response' } });
  });
});
