import { availableParallelism } from 'node:os';
import { Worker } from 'node:worker_threads';
import { expect, test } from 'vitest';
import { RateCell } from '../../src/net/rate-cell.js';
import { RateQueue } from '../../src/net/rate-queue.js';
import { built } from '../support/node-child.js';

/** Draws from the cell as fast as it grants until told to stop; answers with the times of its grants. */
const DRAWER = `
  const { parentPort, workerData } = require('node:worker_threads');
  import(workerData.module).then(async ({ RateCell }) => {
    const cell = new RateCell(workerData.memory);
    const until = process.hrtime.bigint() + BigInt(workerData.ms) * 1000000n;
    const grants = [];
    while (process.hrtime.bigint() < until) {
      const wait = cell.tryTake();
      if (wait === 0) grants.push(process.hrtime.bigint());
      else await new Promise((resolve) => setTimeout(resolve, Math.min(wait, 5)));
    }
    parentPort.postMessage(grants);
  });
`;

/** Times of all grants of so many threads, nanoseconds, ascending. */
async function drawFromThreads(cell: RateCell, threads: number, ms: number): Promise<bigint[]> {
  const drawn = Array.from({ length: threads }, () => {
    const workerData = { module: built('net/rate-cell.js'), memory: cell.memory, ms };
    const worker = new Worker(DRAWER, { eval: true, workerData });
    return new Promise<bigint[]>((resolve, reject) => {
      worker.once('message', (grants: bigint[]) => {
        resolve(grants);
        void worker.terminate();
      });
      worker.once('error', reject);
    });
  });
  return (await Promise.all(drawn)).flat().sort((a, b) => (a < b ? -1 : 1));
}

/** Late timers are made up for by as much as this. */
const TOLERANCE_S = 0.05;

test.each([
  [2, 500],
  [8, 200],
])(
  '%i threads together never draw more than the rate of %i a second allows, over any span of time',
  async (threads, rps) => {
    const cell = RateCell.create(rps);
    const grants = await drawFromThreads(cell, threads, 700);
    expect(cell.granted).toBe(grants.length);
    expect(grants.length).toBeGreaterThan(10);
    for (let i = 0; i < grants.length; i++) {
      for (let j = i + 1; j < grants.length; j += 7) {
        const seconds = Number((grants[j] as bigint) - (grants[i] as bigint)) / 1e9;
        // A thread may be put to sleep between its grant and its look at the clock: that shifts, it does not add.
        expect(j - i + 1).toBeLessThanOrEqual(rps * (seconds + 2 * TOLERANCE_S) + 1 + threads);
      }
    }
    const total = Number((grants.at(-1) as bigint) - (grants[0] as bigint)) / 1e9;
    expect(grants.length).toBeLessThanOrEqual(rps * (total + TOLERANCE_S) + 1 + threads);
  },
);

test('a pause stops all threads until it ends', async () => {
  const cell = RateCell.create(100_000);
  const pausedAt = process.hrtime.bigint();
  cell.hold(350);
  const grants = await drawFromThreads(cell, Math.max(2, availableParallelism()), 700);
  expect(grants[0] as bigint).toBeGreaterThanOrEqual(pausedAt + 350_000_000n);
});

function virtualCell(rps: number) {
  const clock = { ns: 1_000_000_000_000n };
  const cell = RateCell.create(rps, () => clock.ns);
  const advance = (ms: number) => {
    clock.ns += BigInt(Math.round(ms * 1e6));
  };
  return { cell, advance };
}

test('a request is granted when its time has come, not before', () => {
  const { cell, advance } = virtualCell(10);
  while (cell.tryTake() === 0) {}
  advance(cell.tryTake());
  expect(cell.tryTake()).toBe(0);
  expect(cell.tryTake()).toBe(100);
  advance(99);
  expect(cell.tryTake()).toBe(1);
  advance(1);
  expect(cell.tryTake()).toBe(0);
});

test('idle time is not saved up: after a quiet hour only the tolerance is granted at once', () => {
  const { cell, advance } = virtualCell(100);
  advance(3_600_000);
  let burst = 0;
  while (cell.tryTake() === 0) burst++;
  expect(burst).toBeLessThanOrEqual(100 * TOLERANCE_S + 1);
});

test('the longest of several pauses counts, and no word of a server stops us for more than ten minutes', () => {
  const { cell, advance } = virtualCell(10);
  cell.hold(5000);
  cell.hold(1000);
  expect(cell.pausedForMs).toBe(5000);
  advance(4999);
  expect(cell.tryTake()).toBe(1);
  advance(1);
  expect(cell.tryTake()).toBe(0);
  cell.hold(Number.MAX_SAFE_INTEGER);
  expect(cell.pausedForMs).toBe(600_000);
});

test('a refusal that does not say how long pauses for a second', () => {
  const { cell } = virtualCell(10);
  while (cell.pauses === 0) cell.refused();
  expect(cell.pausedForMs).toBe(1000);
});

test('another rate holds from the next request on', () => {
  const { cell, advance } = virtualCell(1);
  while (cell.tryTake() === 0) {}
  cell.setRate(1000);
  expect(cell.rps).toBe(1000);
  advance(cell.tryTake());
  expect(cell.tryTake()).toBe(0);
  expect(cell.tryTake()).toBe(1);
});

test('within a thread requests go in the order in which they were asked for', async () => {
  const queue = new RateQueue(RateCell.create(200));
  const order: number[] = [];
  await Promise.all(Array.from({ length: 30 }, (_, i) => queue.acquire().then(() => order.push(i))));
  expect(order).toEqual(Array.from({ length: 30 }, (_, i) => i));
});

test('a request that is given up does not take a slot, and those behind it go on', async () => {
  const cell = RateCell.create(50);
  const queue = new RateQueue(cell);
  const stop = new AbortController();
  while (cell.tryTake() === 0) {}
  const grantedBefore = cell.granted;
  const first = queue.acquire(stop.signal);
  const second = queue.acquire();
  stop.abort(new Error('the run stops'));
  await expect(first).rejects.toThrow('the run stops');
  await second;
  expect(cell.granted - grantedBefore).toBe(1);
  await expect(queue.acquire(stop.signal)).rejects.toThrow('the run stops');
});

test('a refusal now and then makes only its own request wait; one after the other pauses everyone for as long as was told', () => {
  const { cell, advance } = virtualCell(75);
  for (let i = 0; i < 20; i++) {
    for (let answer = 0; answer < 99; answer++) cell.answered();
    cell.refused(1000);
  }
  expect(cell).toMatchObject({ pausedForMs: 0, pauses: 0, throttled: 20 });
  for (let i = 0; i < 5; i++) cell.refused(10_000);
  expect(cell).toMatchObject({ pausedForMs: 10_000, throttled: 25 });
  advance(10_000);
  cell.refused(2000);
  expect(cell.pausedForMs).toBe(2000);
});

test('at 5 requests a second the second refusal in a row pauses everyone', () => {
  const { cell } = virtualCell(5);
  cell.refused(10_000);
  expect(cell.pausedForMs).toBe(0);
  cell.refused(10_000);
  expect(cell.pausedForMs).toBe(10_000);
});
