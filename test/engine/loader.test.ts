import { expect, test } from 'vitest';
import { type Failure, type FailureCode, FailureError, failureOf } from '../../src/core/failure.js';
import type { UnitOutcome, UnitTask } from '../../src/engine/attempt.js';
import { Loader, type LoaderOptions } from '../../src/engine/loader.js';
import type { OtherSide } from '../../src/engine/outage.js';
import type { RunStore, UnitDone, UnitFailed } from '../../src/engine/ports.js';
import { VirtualClock } from '../net/virtual-clock.js';

const ATTEMPT_MS = 50;
const failure = (code: FailureCode, over: Partial<Failure> = {}): Failure => ({
  ...failureOf(code === 'throttled' ? 'throttled' : code.endsWith('refused') ? 'terminal' : 'transient', code, code),
  ...over,
});
/** What is left of a unit: so much. */
interface Left {
  readonly left: number;
}

interface Script {
  readonly chunks: number;
  /** What an attempt meets; null: the chunk ends. `attempt` counts from 0. */
  fate(ordinal: number, attempt: number, task: UnitTask, nowMs: number): Failure | null;
  /** Rows that an attempt which fails has brought in before. */
  readonly rowsBeforeFailing?: number;
  probe?(side: OtherSide, nowMs: number): boolean;
  readonly options?: Partial<LoaderOptions>;
  readonly store?: Partial<RunStore>;
}

function makeLoad(script: Script) {
  const clock = new VirtualClock();
  const stop = new AbortController();
  const attempts = new Map<number, number>();
  const tasks: UnitTask[] = [];
  const done: UnitDone[] = [];
  const failed: UnitFailed[] = [];
  const unpinned: string[] = [];
  const probes: number[] = [];
  const concurrency = { now: 0, max: 0 };
  let pin: number | null = 42;
  const run = async (task: UnitTask): Promise<UnitOutcome> => {
    concurrency.max = Math.max(concurrency.max, ++concurrency.now);
    tasks.push(task);
    const attempt = attempts.get(task.ordinal) ?? 0;
    attempts.set(task.ordinal, attempt + 1);
    await clock.sleep(ATTEMPT_MS);
    concurrency.now--;
    const met = script.fate(task.ordinal, attempt, task, clock.ms);
    return {
      ordinal: task.ordinal,
      failure: met,
      // Ten rows by each attempt that ends, none by one that fails; what is left shrinks by one each time.
      rest: met === null ? null : { left: (task.rest as Left).left - 1 },
      rows: met === null ? 10 : (script.rowsBeforeFailing ?? 0),
      parts: 1,
      rejected: [],
      spent: { sourceMs: 1, decodeMs: 1, targetMs: 1 },
    };
  };
  const loader = new Loader({
    pool: { threads: 1, run, restart: async () => {}, close: async () => {} },
    options: {
      workers: 4,
      size: 1000,
      smaller: (size) => Math.max(50, Math.floor(size / 2)),
      retryBaseMs: 1000,
      giveUpAfterMs: 30 * 60_000,
      ...script.options,
    },
    units: {
      count: script.chunks,
      expectedRows: null,
      at: (ordinal) => ({ name: `unit ${ordinal}`, expectedRows: null, rest: { left: 100 } satisfies Left }),
    },
    store: {
      claim: () => upTo(script.chunks),
      pin: () => pin,
      unpinned: (why) => {
        unpinned.push(why);
        pin = null;
      },
      done: (one) => void done.push(one),
      failed: (one) => void failed.push(one),
      ...script.store,
    },
    onAttempt: () => {},
    probe: async (side) => {
      probes.push(clock.ms);
      if (script.probe?.(side, clock.ms) === false) throw new Error(`${side} is down`);
    },
    clock: { nowMs: () => clock.ms, sleep: (ms, signal) => clock.sleep(ms, signal) },
    random: () => 0.5,
    log: { info() {}, warn() {} },
    stop: stop.signal,
  });
  const load = () => clock.runUntil(loader.load());
  return { loader, load, clock, stop, attempts, tasks, done, failed, unpinned, probes, concurrency };
}

const ordinals = (list: readonly { ordinal: number }[]) => list.map(({ ordinal }) => ordinal).sort((a, b) => a - b);
const upTo = (n: number) => Array.from({ length: n }, (_, i) => i);

test('every chunk is loaded once, so many at a time as there are workers', async () => {
  const { load, done, failed, concurrency, attempts } = makeLoad({ chunks: 50, fate: () => null });
  expect(await load()).toEqual({ kind: 'ended' });
  expect(ordinals(done)).toEqual(upTo(50));
  expect(failed).toEqual([]);
  expect(concurrency.max).toBe(4);
  expect(Math.max(...attempts.values())).toBe(1);
});

test('a chunk that fails goes on from what is left, before chunks that have not begun', async () => {
  const { load, done, tasks } = makeLoad({
    chunks: 30,
    fate: (ordinal, attempt) => (ordinal === 2 && attempt === 0 ? failure('http_5xx') : null),
    options: { retryBaseMs: 10 },
  });
  expect(await load()).toEqual({ kind: 'ended' });
  expect(ordinals(done)).toEqual(upTo(30));
  const second = tasks.findIndex((task, at) => task.ordinal === 2 && at > 2);
  expect(tasks[second]?.rest).toEqual({ left: 99 });
  expect(second).toBeLessThan(12);
});

test('rows of all attempts at a chunk are counted together', async () => {
  const { load, done } = makeLoad({ chunks: 1, fate: () => null });
  await load();
  expect(done).toEqual([{ ordinal: 0, rows: 10, rejected: [] }]);
});

test('a long chunk that gets on between its faults is never set aside', async () => {
  const { load, done, failed } = makeLoad({
    chunks: 2,
    fate: (ordinal, attempt) => (ordinal === 0 && attempt < 100 ? failure('http_5xx') : null),
    rowsBeforeFailing: 7,
  });
  expect(await load()).toEqual({ kind: 'ended' });
  expect(failed).toEqual([]);
  expect(done.find(({ ordinal }) => ordinal === 0)?.rows).toBe(710);
});

test('a chunk that keeps failing is set aside, the rest goes on, a gentle sweep loads it', async () => {
  const { load, done, failed, attempts, tasks } = makeLoad({
    chunks: 300,
    fate: (ordinal, attempt) => (ordinal < 5 && attempt < 8 ? failure('http_5xx') : null),
    options: { workers: 8 },
  });
  expect(await load()).toEqual({ kind: 'ended' });
  expect(ordinals(done)).toEqual(upTo(300));
  expect(ordinals(failed)).toEqual([0, 1, 2, 3, 4]);
  expect(failed.every((one) => one.attempts === 8)).toBe(true);
  expect(attempts.get(0)).toBe(9);
  expect(
    tasks
      .slice(-5)
      .map(({ ordinal }) => ordinal)
      .sort(),
  ).toEqual([0, 1, 2, 3, 4]);
});

test('a chunk that fails in the sweep as well has failed; everything else is loaded', async () => {
  const { load, done, failed, attempts } = makeLoad({
    chunks: 100,
    fate: (ordinal) => (ordinal === 7 ? failure('bad_page') : null),
  });
  expect(await load()).toEqual({ kind: 'ended' });
  expect(ordinals(done)).toEqual(upTo(100).filter((ordinal) => ordinal !== 7));
  expect(failed.at(-1)).toMatchObject({ ordinal: 7, failure: { code: 'bad_page' } });
  expect(attempts.get(7)).toBe(5 + 2);
});

test.each([1, 3, 20])(
  '%i chunks that always fail while the source answers are no outage: they end as failed',
  async (poison) => {
    const { load, done, failed, clock } = makeLoad({
      chunks: 40,
      fate: (ordinal) => (ordinal >= 40 - poison ? failure('http_5xx') : null),
    });
    expect(await load()).toEqual({ kind: 'ended' });
    expect(ordinals(done)).toEqual(upTo(40 - poison));
    expect(new Set(ordinals(failed))).toEqual(new Set(upTo(40).slice(40 - poison)));
    expect(clock.ms).toBeLessThan(30 * 60_000);
  },
);

test('the only chunk of a run, failing for good, ends as failed', async () => {
  const { load, failed } = makeLoad({ chunks: 1, fate: () => failure('statement_timeout') });
  expect(await load()).toEqual({ kind: 'ended' });
  expect(ordinals(failed)).toEqual([0, 0]);
});

test('a failure that cannot pass sets a chunk aside at once', async () => {
  const { load, failed, attempts } = makeLoad({
    chunks: 20,
    fate: (ordinal) => (ordinal === 3 ? failure('query_refused') : null),
  });
  expect(await load()).toEqual({ kind: 'ended' });
  expect(attempts.get(3)).toBe(2);
  expect(failed.map((one) => one.attempts)).toEqual([1, 1]);
});

test('a timeout asks for smaller pages next time, for that chunk alone', async () => {
  const { load, tasks } = makeLoad({
    chunks: 8,
    fate: (ordinal, attempt) => (ordinal === 1 && attempt < 6 ? failure('statement_timeout') : null),
  });
  expect(await load()).toEqual({ kind: 'ended' });
  const sizes = (of: (ordinal: number) => boolean) => tasks.filter((t) => of(t.ordinal)).map((t) => t.size);
  expect(sizes((ordinal) => ordinal === 1)).toEqual([1000, 500, 250, 125, 62, 50, 50]);
  expect(new Set(sizes((ordinal) => ordinal !== 1))).toEqual(new Set([1000]));
});

test('a source that is down for ten minutes costs no chunk an attempt', async () => {
  const down = (nowMs: number) => nowMs >= 200 && nowMs < 600_000;
  const { load, done, failed, attempts, probes, clock } = makeLoad({
    chunks: 500,
    fate: (_ordinal, _attempt, _task, nowMs) => (down(nowMs) ? failure('connection') : null),
    probe: (_side, nowMs) => !down(nowMs),
    options: { workers: 32 },
  });
  expect(await load()).toEqual({ kind: 'ended' });
  expect(ordinals(done)).toEqual(upTo(500));
  expect(failed).toEqual([]);
  expect(Math.max(...attempts.values())).toBeLessThanOrEqual(3);
  expect(probes.length).toBeGreaterThan(5);
  expect(probes.length).toBeLessThan(60);
  expect(clock.ms).toBeLessThan(660_000);
});

test('a target that is down is waited for in the same way', async () => {
  const sides: OtherSide[] = [];
  const { load, done, failed } = makeLoad({
    chunks: 60,
    fate: (_o, _a, _t, nowMs) => (nowMs > 100 && nowMs < 120_000 ? failure('target_connection') : null),
    probe: (side, nowMs) => {
      sides.push(side);
      return nowMs >= 120_000;
    },
  });
  expect(await load()).toEqual({ kind: 'ended' });
  expect(ordinals(done)).toEqual(upTo(60));
  expect(failed).toEqual([]);
  expect(new Set(sides)).toEqual(new Set(['target']));
});

test('a target that comes back and denies ends the load at once, with its own words', async () => {
  const denied: Failure = { kind: 'terminal', side: 'target', code: 'target_denied', message: 'Not enough privileges' };
  const { load, failed, clock } = makeLoad({
    chunks: 60,
    fate: (_o, _a, _t, nowMs) => (nowMs > 100 ? failure('target_connection') : null),
    probe: (_side, nowMs) => {
      if (nowMs > 30_000) throw new FailureError(denied);
      return false;
    },
  });
  expect(await load()).toEqual({ kind: 'blocked', failure: denied });
  expect(failed).toEqual([]);
  expect(clock.ms).toBeLessThan(120_000);
});

test('a side that stays away for longer than --give-up-after ends the load, naming it', async () => {
  const { load, done, failed, clock } = makeLoad({
    chunks: 60,
    fate: (_o, _a, _t, nowMs) => (nowMs > 100 ? failure('target_connection') : null),
    probe: () => false,
    options: { giveUpAfterMs: 120_000 },
  });
  expect(await load()).toMatchObject({ kind: 'gave-up', side: 'target', failure: { code: 'target_connection' } });
  expect(done.length).toBeGreaterThan(0);
  expect(failed).toEqual([]);
  expect(clock.ms).toBeGreaterThan(120_000);
  expect(clock.ms).toBeLessThan(200_000);
});

test('nothing moving for too long ends the load even though the source answers probes', async () => {
  const { loader, load, clock } = makeLoad({
    chunks: 4,
    fate: () => failure('throttled', { retryAfterMs: 60_000 }),
    options: { giveUpAfterMs: 600_000 },
  });
  const watch = setInterval(() => loader.checkProgress(), 0);
  expect(await load()).toMatchObject({ kind: 'gave-up', side: 'source' });
  clearInterval(watch);
  expect(clock.ms).toBeGreaterThan(600_000);
});

test.each<FailureCode>(['target_denied', 'target_schema', 'indexing_error'])(
  '%s stops the run: no chunk can succeed until a person acts',
  async (code) => {
    const { load, done, tasks } = makeLoad({
      chunks: 100,
      fate: (ordinal) => (ordinal === 6 ? failure(code, { kind: 'terminal' }) : null),
    });
    expect(await load()).toMatchObject({ kind: 'blocked', failure: { code } });
    expect(tasks.length).toBeLessThan(12);
    expect(done.length).toBe(tasks.length - 1);
  },
);

test('a refused pin is told once; the chunks go on at the head', async () => {
  const { load, done, failed, unpinned, tasks } = makeLoad({
    chunks: 20,
    fate: (ordinal, _attempt, task) => (ordinal >= 4 && task.pin !== null ? failure('pin_refused') : null),
  });
  expect(await load()).toEqual({ kind: 'ended' });
  expect(ordinals(done)).toEqual(upTo(20));
  expect(failed).toEqual([]);
  expect(unpinned).toEqual(['pin_refused']);
  expect(new Set(tasks.slice(12).map(({ pin }) => pin))).toEqual(new Set([null]));
});

test('a throttle costs time, never an attempt', async () => {
  const { load, done, failed, clock, attempts } = makeLoad({
    chunks: 4,
    fate: (_ordinal, attempt) => (attempt < 30 ? failure('throttled', { retryAfterMs: 10_000 }) : null),
  });
  expect(await load()).toEqual({ kind: 'ended' });
  expect(done).toHaveLength(4);
  expect(failed).toEqual([]);
  expect(attempts.get(0)).toBe(31);
  expect(clock.ms).toBeGreaterThanOrEqual(300_000);
});

test('once stopped no chunk is admitted; those in flight land', async () => {
  const { load, stop, done, tasks } = makeLoad({
    chunks: 100,
    fate: (ordinal) => {
      if (ordinal === 9) stop.abort();
      return null;
    },
  });
  expect(await load()).toEqual({ kind: 'stopped' });
  expect(tasks.length).toBeLessThan(17);
  expect(done).toHaveLength(tasks.length);
});

test('stopped while all chunks wait for a source that is down, the load ends at once', async () => {
  const { load, stop, clock } = makeLoad({
    chunks: 10,
    fate: () => failure('connection'),
    probe: (_side, nowMs) => {
      if (nowMs > 20_000) stop.abort();
      return false;
    },
  });
  expect(await load()).toEqual({ kind: 'stopped' });
  expect(clock.ms).toBeLessThan(60_000);
});

test('stopped before it began, a load asks for nothing', async () => {
  const { load, stop, tasks } = makeLoad({ chunks: 10, fate: () => null });
  stop.abort();
  expect(await load()).toEqual({ kind: 'stopped' });
  expect(tasks).toEqual([]);
});

test('a checkpoint that cannot be written ends the load with its error', async () => {
  const { load, tasks } = makeLoad({
    chunks: 100,
    fate: () => null,
    store: {
      done: ({ ordinal }) => {
        if (ordinal === 5) throw new Error('no space left on device');
      },
    },
  });
  await expect(load()).rejects.toThrow('no space left on device');
  expect(tasks.length).toBeLessThan(20);
});

test('a thread that dies costs its chunks one attempt', async () => {
  const { load, done, failed, attempts } = makeLoad({
    chunks: 40,
    fate: (ordinal, attempt) => (ordinal >= 8 && ordinal < 12 && attempt === 0 ? failure('thread_lost') : null),
  });
  expect(await load()).toEqual({ kind: 'ended' });
  expect(ordinals(done)).toEqual(upTo(40));
  expect(failed).toEqual([]);
  expect(attempts.get(9)).toBe(2);
});
