import { expect, test } from 'vitest';
import { type Failure, FailureError } from '../../src/core/failure.js';
import { runAttempt, type UnitTask } from '../../src/engine/attempt.js';
import { LiveCounters } from '../../src/engine/live-counters.js';
import type { Ask, Batch, Part, Reader, Sink } from '../../src/engine/ports.js';

/** A unit of numbers; `rest` is where to go on. Parts of unequal size, as a stream has them. */
interface From {
  readonly from: number;
}
class Numbers implements Batch {
  readonly list: number[] = [];
  get rows() {
    return this.list.length;
  }
}

const source: Failure = { kind: 'transient', side: 'source', code: 'connection', message: 'reset' };
const target: Failure = { kind: 'transient', side: 'target', code: 'target_busy', message: 'busy' };

function world(parts: readonly number[], over: { failPart?: number; failInsert?: number; batchRows?: number } = {}) {
  const total = parts.reduce((a, b) => a + b, 0);
  const inserted: number[][] = [];
  const asked: Ask[] = [];
  const state = { open: 0, nowMs: 0 };
  const reader: Reader<Numbers, From> = {
    async *read({ from }, ask) {
      asked.push(ask);
      state.open++;
      try {
        let at = 0;
        for (const [index, size] of parts.entries()) {
          const begin = at;
          at += size;
          if (begin < from) continue;
          state.nowMs += 10;
          if (index === over.failPart) throw new FailureError(source);
          yield partOf(begin, at);
        }
      } finally {
        state.open--;
      }
    },
    close: () => Promise.resolve(),
  };
  function partOf(begin: number, end: number): Part<Numbers, From> {
    return {
      rest: end === total ? null : { from: end },
      rows: end - begin,
      append(batch) {
        for (let n = begin; n < end; n++) if (n % 10 !== 9) batch.list.push(n);
        const rejected = Array.from({ length: end - begin }, (_, i) => begin + i).filter((n) => n % 10 === 9);
        return rejected.map((row) => ({ reason: 'nine', row }));
      },
    };
  }
  const sink: Sink<Numbers> = {
    batchRows: over.batchRows ?? 30,
    newBatch: () => new Numbers(),
    async insert(batch) {
      state.nowMs += 3;
      if (inserted.length === over.failInsert) throw new FailureError(target);
      inserted.push(batch.list);
    },
    close: () => Promise.resolve(),
  };
  const counters = new LiveCounters();
  const attempt = (task: Partial<UnitTask> = {}) =>
    runAttempt({ ordinal: 5, rest: { from: 0 }, size: 7, pin: 42, ...task }, reader, sink, {
      stop: new AbortController().signal,
      nowMs: () => state.nowMs,
      counters,
    });
  return { attempt, inserted, asked, state, counters, reader, sink };
}

test('parts gather in batches that no part makes larger than they may be', async () => {
  const { attempt, inserted, asked, counters, state } = world([10, 12, 5, 30, 1]);
  const outcome = await attempt();
  expect(inserted.map((rows) => rows.length)).toEqual([25, 28]);
  expect(outcome).toMatchObject({ ordinal: 5, failure: null, rest: null, rows: 53, parts: 5 });
  expect(outcome.rejected.map(({ row }) => row)).toEqual([9, 19, 29, 39, 49]);
  expect(outcome.spent).toEqual({ sourceMs: 50, decodeMs: 0, targetMs: 6 });
  expect(asked).toMatchObject([{ ordinal: 5, size: 7, pin: 42 }]);
  expect([counters.rows, counters.parts, state.open]).toEqual([53, 5, 0]);
});

test.each([
  ['the source', { failPart: 3 }, source],
  ['the target', { failInsert: 1 }, target],
])(
  'after a failure of %s the next attempt goes on behind the last acknowledged row',
  async (_who, over: { failPart?: number; failInsert?: number }, failure: Failure) => {
    const { attempt, inserted, state } = world([10, 12, 5, 30, 1], over);
    const first = await attempt();
    expect(first.failure).toEqual(failure);
    expect(first.rest).toEqual({ from: 27 });
    expect(state.open).toBe(0);
    const again = world([10, 12, 5, 30, 1]);
    const second = await again.attempt({ rest: first.rest ?? {} });
    expect(second.failure).toBeNull();
    const rows = [...inserted, ...again.inserted].flat();
    expect(rows).toEqual(Array.from({ length: 58 }, (_, n) => n).filter((n) => n % 10 !== 9));
    expect(first.rows + second.rows).toBe(rows.length);
    expect([...first.rejected, ...second.rejected].map(({ row }) => row)).toEqual([9, 19, 29, 39, 49]);
  },
);

test('a reader that ends before its unit is a defect, and an error of our own never an exception', async () => {
  const { reader, sink } = world([10]);
  const surroundings = { stop: new AbortController().signal, nowMs: () => 0, counters: new LiveCounters() };
  const task: UnitTask = { ordinal: 0, rest: { from: 0 }, size: 1, pin: null };
  const short = { ...reader, read: async function* () {} };
  expect((await runAttempt(task, short, sink, surroundings)).failure).toMatchObject({
    code: 'bug',
    message: 'unexpected error while loading: Error: the reader ended before the unit did',
  });
  const broken = {
    ...reader,
    async *read(): AsyncGenerator<Part> {
      yield {
        rest: null,
        rows: 1,
        append() {
          throw new TypeError('cannot read x of undefined');
        },
      };
    },
  };
  expect((await runAttempt(task, broken, sink, surroundings)).failure).toEqual({
    kind: 'terminal',
    side: 'self',
    code: 'bug',
    message: 'unexpected error while loading: TypeError: cannot read x of undefined',
  });
});
