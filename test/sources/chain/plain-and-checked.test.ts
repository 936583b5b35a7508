/** What is read without JSON.parse is what JSON.parse and zod read, byte by byte, or both refuse it. */
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { FailureError } from '../../../src/core/failure.js';
import { writeFillRow } from '../../../src/datasets/fills/chain/fill-row.js';
import { FILL_BYTES } from '../../../src/datasets/fills/table.js';
import { EVENT, ExchangeEvents } from '../../../src/sources/chain/exchange-events.js';
import { EXCHANGES } from '../../../src/sources/chain/exchanges.js';
import type { Logs, LogText } from '../../../src/sources/chain/logs.js';
import { LineSplitter, PortalLines } from '../../../src/sources/chain/portal-lines.js';
import { RpcLogs } from '../../../src/sources/chain/rpc-logs.js';
import { randomFrom, testSeed } from '../../support/random.js';
import { MatchMaker, makeBlock, plainLog } from './make-matches.js';

const FIELD_ORDERS = [
  ['address', 'topics', 'data', 'transactionHash', 'transactionIndex', 'logIndex'],
  ['logIndex', 'transactionIndex', 'transactionHash', 'address', 'data', 'topics'],
  ['transactionHash', 'data', 'logIndex', 'topics', 'transactionIndex', 'address'],
] as const;

const hashOf = (n: number): string => `0x${n.toString(16).padStart(64, 'a')}`;

function ordered(log: LogText, order: readonly (keyof LogText)[]): Partial<LogText> {
  return Object.fromEntries(order.map((key) => [key, log[key]])) as Partial<LogText>;
}

function lineOf(number: number, logs: readonly LogText[], order: readonly (keyof LogText)[]): string {
  const header = {
    number,
    hash: hashOf(number),
    parentHash: hashOf(number - 1),
    timestamp: 1_700_000_000 + 2 * number,
  };
  return JSON.stringify({ header, logs: logs.map((log) => ordered(log, order)) });
}

/** The rows of a block's fills, and its logs in words. */
function rowsOf(block: { readonly number: number; readonly timestamp: number; readonly logs: Logs }) {
  const events = new ExchangeEvents(block.logs);
  events.decode(block.logs);
  const rows: (string | null)[] = [];
  for (let i = 0; i < events.count; i++) {
    if (events.kind[i] !== EVENT.fill) continue;
    const row = new Uint8Array(FILL_BYTES);
    const reason = writeFillRow(row, 0, events, i, block.number, block.timestamp);
    rows.push(reason ?? Buffer.from(row).toString('hex'));
  }
  return { rows, logs: Array.from({ length: block.logs.count }, (_, log) => block.logs.describe(log)) };
}

/** What comes of it, or that it is refused as a bad answer. */
function outcome<T>(read: () => T): T | string {
  try {
    return read();
  } catch (error) {
    if (!(error instanceof FailureError)) throw error;
    expect(error.failure.kind).toBe('transient');
    return 'refused';
  }
}

function blockOf(maker: MatchMaker): LogText[] {
  maker.logIndex = 0;
  maker.transactionIndex = 0;
  return makeBlock(maker, EXCHANGES, 1 + maker.below(6)).flatMap(({ logs }) => logs.map(plainLog));
}

describe('lines of the portal', () => {
  /** The plain reader has learned its form from another line before. */
  function both(line: string, lesson: string) {
    const plain = new PortalLines();
    plain.read(Buffer.from(lesson));
    const before = plain.checked;
    const fromPlain = outcome(() => rowsOf(plain.read(Buffer.from(line))));
    const wasPlain = plain.checked === before;
    const fromChecked = outcome(() => {
      // A space before the brace: no plain form fits.
      const reader = new PortalLines();
      const rows = rowsOf(reader.read(Buffer.from(` ${line}`)));
      expect(reader.checked).toBe(1);
      return rows;
    });
    return { fromPlain, fromChecked, wasPlain };
  }

  test.each(FIELD_ORDERS)('in the order %s, …', (...order) => {
    const maker = new MatchMaker(randomFrom(testSeed()));
    const lines = Array.from({ length: 20 }, (_, n) => lineOf(n + 1, blockOf(maker), order));
    for (const line of lines.slice(1)) {
      const { fromPlain, fromChecked, wasPlain } = both(line, lines[0] as string);
      expect(wasPlain).toBe(true);
      expect(fromPlain).toEqual(fromChecked);
      expect(fromPlain).not.toBe('refused');
    }
  });

  test('any byte changed, lost or doubled: the same rows, or refused both ways', () => {
    const maker = new MatchMaker(randomFrom(testSeed()));
    const lesson = lineOf(1, blockOf(maker), FIELD_ORDERS[0]);
    const line = lineOf(2, blockOf(maker).slice(0, 3), FIELD_ORDERS[0]);
    const changes = fc.tuple(
      fc.nat(line.length - 1),
      fc.constantFrom('change', 'remove', 'double'),
      fc.constantFrom('"', '\\', '0', '1', 'f', 'F', 'g', ',', ':', '[', ']', '{', '}', ' ', 'x', '-', '.', 'e', 'é'),
    );
    fc.assert(
      fc.property(fc.array(changes, { minLength: 1, maxLength: 3 }), (drawn) => {
        let text = line;
        for (const [at, what, by] of drawn) {
          const middle = what === 'change' ? by : what === 'remove' ? '' : `${text[at]}${text[at]}`;
          text = text.slice(0, at) + middle + text.slice(at + 1);
        }
        const { fromPlain, fromChecked } = both(text, lesson);
        expect(fromPlain).toEqual(fromChecked);
      }),
      { numRuns: 400 },
    );
  });

  test('headers alone, with and without an empty list', () => {
    const header = { number: 5, hash: hashOf(5), parentHash: hashOf(4), timestamp: 99 };
    const lines = new PortalLines();
    for (const line of [{ header, logs: [] }, { header }]) {
      const block = lines.read(Buffer.from(JSON.stringify(line)));
      expect({ ...block, logs: block.logs.count }).toEqual({ ...header, logs: 0 });
    }
    expect(lines.checked).toBe(0);
  });

  test('spaces between the tokens are learned too, and another order is learned anew', () => {
    const maker = new MatchMaker(randomFrom(testSeed()));
    const lines = new PortalLines();
    const spaced = (n: number) => lineOf(n, blockOf(maker), FIELD_ORDERS[0]).replace(/"(logIndex|data)":/g, '"$1": ');
    for (let n = 1; n < 5; n++) lines.read(Buffer.from(spaced(n)));
    expect(lines.checked).toBe(0);
    for (let n = 5; n < 9; n++) lines.read(Buffer.from(lineOf(n, blockOf(maker), FIELD_ORDERS[1])));
    expect(lines.checked).toBe(1);
  });

  test('logs that are doubled or out of order are refused', () => {
    const maker = new MatchMaker(randomFrom(testSeed()));
    const [a, b] = blockOf(maker) as [LogText, LogText];
    for (const logs of [
      [a, a],
      [b, a],
    ]) {
      expect(() => new PortalLines().read(Buffer.from(lineOf(3, logs, FIELD_ORDERS[0])))).toThrow(/block 3 has log/);
    }
  });

  test('a stream cut at any byte gives the same lines', () => {
    const maker = new MatchMaker(randomFrom(testSeed()));
    const lines = Array.from({ length: 12 }, (_, n) => lineOf(n, n % 3 === 0 ? [] : blockOf(maker), FIELD_ORDERS[0]));
    const bytes = Buffer.from(`${lines.slice(0, 4).join('\n')}\n\n${lines.slice(4).join('\n')}`);
    fc.assert(
      fc.property(fc.array(fc.nat(bytes.length), { maxLength: 30 }), (drawn) => {
        const cuts = [0, ...drawn.sort((a, b) => a - b), bytes.length];
        const splitter = new LineSplitter(1 << 20);
        const got: string[] = [];
        for (let i = 1; i < cuts.length; i++) {
          // Chunks are buffers of their own that are gone afterwards.
          const chunk = Buffer.from(bytes.subarray(cuts[i - 1], cuts[i]));
          for (const line of splitter.push(chunk)) got.push(line.toString());
          chunk.fill(0);
        }
        expect([...got, splitter.rest().toString()]).toEqual(lines);
      }),
      { numRuns: 50 },
    );
    expect(() => [...new LineSplitter(100).push(Buffer.alloc(101))]).toThrow('longer than 100 bytes');
  });
});

describe('answers to eth_getLogs', () => {
  const hex = (n: number) => `0x${n.toString(16)}`;
  function rpcLog(log: LogText, number: number, withTime = true) {
    return {
      ...log,
      blockNumber: hex(number),
      blockHash: hashOf(number),
      ...(withTime ? { blockTimestamp: hex(1_700_000_000 + number) } : {}),
      transactionIndex: hex(log.transactionIndex),
      logIndex: hex(log.logIndex),
      removed: false,
    };
  }
  type Answer = ReturnType<typeof rpcLog>[];

  function read(reader: RpcLogs, list: string) {
    return outcome(() => {
      const blocks: unknown[] = [];
      for (const { number, hash, timestamp, logs } of reader.read(Buffer.from(list), 0, 100)) {
        blocks.push({ number, hash, timestamp, ...rowsOf({ number, timestamp: timestamp ?? 0, logs }) });
      }
      return blocks;
    });
  }

  /** The same list, but no plain form fits it: a field that nobody knows stands in its first log. */
  function checked(list: string): unknown {
    const reader = new RpcLogs();
    const result = read(reader, list.replace('{', '{"extra":1,'));
    if (list !== '[]') expect(reader.checked).toBe(1);
    return result;
  }

  const answer = (maker: MatchMaker, withTime = true): Answer =>
    [3, 4, 9].flatMap((number) => blockOf(maker).map((log) => rpcLog(log, number, withTime)));

  test('plain answers are read plainly, with and without times', () => {
    const maker = new MatchMaker(randomFrom(testSeed()));
    const reader = new RpcLogs();
    for (let n = 0; n < 20; n++) {
      const list = JSON.stringify(answer(maker, n % 2 === 0));
      const plain = read(reader, list);
      expect(reader.checked).toBe(0);
      expect(plain).toEqual(checked(list));
      expect((plain as unknown[]).length).toBe(3);
    }
    expect(read(reader, '[]')).toEqual([]);
  });

  test('any byte changed, lost or doubled: the same blocks, or refused both ways', () => {
    const maker = new MatchMaker(randomFrom(testSeed()));
    const lesson = JSON.stringify(answer(maker));
    const list = JSON.stringify(answer(maker).filter((_, i) => i % 5 === 0));
    const changes = fc.tuple(
      fc.nat(list.length - 1),
      fc.constantFrom('change', 'remove', 'double'),
      fc.constantFrom('"', '\\', '0', '1', 'f', 'F', 'g', ',', ':', '[', ']', '{', '}', ' ', 'x', '-', 'é'),
    );
    fc.assert(
      fc.property(fc.array(changes, { minLength: 1, maxLength: 3 }), (drawn) => {
        let text = list;
        for (const [at, what, by] of drawn) {
          const middle = what === 'change' ? by : what === 'remove' ? '' : `${text[at]}${text[at]}`;
          text = text.slice(0, at) + middle + text.slice(at + 1);
        }
        const reader = new RpcLogs();
        read(reader, lesson);
        expect(read(reader, text)).toEqual(checked(text));
      }),
      { numRuns: 400 },
    );
  });

  test('what is outside the range, out of order, doubled or removed is refused', () => {
    const maker = new MatchMaker(randomFrom(testSeed()));
    const [a, b] = blockOf(maker).slice(0, 2) as [LogText, LogText];
    const refusal = (logs: Answer) => {
      try {
        for (const block of new RpcLogs().read(Buffer.from(JSON.stringify(logs)), 5, 8)) void block;
      } catch (error) {
        return (error as FailureError).failure.code;
      }
      return 'none';
    };
    expect(refusal([rpcLog(a, 5), rpcLog(b, 5)])).toBe('none');
    expect(refusal([rpcLog(a, 4)])).toBe('bad_page');
    expect(refusal([rpcLog(a, 9)])).toBe('bad_page');
    expect(refusal([rpcLog(a, 7), rpcLog(a, 6)])).toBe('bad_page');
    expect(refusal([rpcLog(a, 7), rpcLog(a, 8), rpcLog(b, 7)])).toBe('bad_page');
    expect(refusal([rpcLog(b, 7), rpcLog(a, 7)])).toBe('bad_page');
    expect(refusal([rpcLog(a, 7), { ...rpcLog(b, 7), blockHash: hashOf(8) }])).toBe('reorganized');
    expect(refusal([{ ...rpcLog(a, 7), removed: true }])).toBe('reorganized');
  });
});
