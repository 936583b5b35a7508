import { pino } from 'pino';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { Releases } from '../../src/core/releases.js';
import { HostPaces } from '../../src/datasets/venues/paces.js';
import { polymarket } from '../../src/datasets/venues/polymarket/venue.js';
import { ChainReader, startOf } from '../../src/datasets/venues/reader.js';
import { VenueSink } from '../../src/datasets/venues/sink.js';
import { ensureVenueTables } from '../../src/datasets/venues/tables.js';
import { folderStore } from '../../src/engine/folder-store.js';
import { loadUnits } from '../../src/engine/load.js';
import type { ThreadEntry, Units } from '../../src/engine/ports.js';
import type { StepContext } from '../../src/report/step.js';
import { CheckpointKeeper } from '../../src/run/keeper.js';
import { findRun, RunFolder } from '../../src/run/run-folder.js';
import { startVenues, type Venues } from '../../src/simulator/venues/server.js';
import { RestClient } from '../../src/sources/rest/client.js';
import { startTestClickHouse, type TestClickHouse } from '../support/clickhouse.js';
import { tempWorkspace } from '../support/workspace.js';

/** The catalogue of Gamma's markets, through the same engine, checkpoint, retry and rate as the fills. */
let clickhouse: TestClickHouse;
let venues: Venues;
beforeAll(async () => {
  clickhouse = await startTestClickHouse();
  venues = await startVenues({ seed: 7, size: 'tiny', limitScale: 0 });
}, 60_000);
afterAll(async () => {
  await venues.close();
  await clickhouse.stop();
});

const chains = polymarket.staticLists({ top: null, minVolume: null });
const units: Units = {
  count: chains.length,
  expectedRows: null,
  at(ordinal) {
    const chain = chains[ordinal];
    if (chain === undefined) throw new RangeError(`there is no chain ${ordinal}`);
    return { name: chain.name, expectedRows: null, rest: startOf(chain) };
  },
};

function stepContext(stop: AbortSignal): StepContext {
  const log = pino({ level: 'silent' });
  return {
    log,
    sinks: { log, toFiles() {}, addFile() {}, setConsole() {} },
    out: { text() {}, result() {} },
    stop,
    stopNow: stop,
    releases: new Releases(),
  };
}

test('a second data set is loaded by the same engine: refusals and cuts retried, a stop resumed, each market once', {
  timeout: 60_000,
}, async () => {
  const target = await clickhouse.database();
  await ensureVenueTables(target);
  venues.setFaults([
    { host: 'gamma', kind: '5xx', rate: 0.4 },
    { host: 'gamma', kind: 'throttled', rate: 0.1 },
    { host: 'gamma', kind: 'cut-json', rate: 0.2 },
  ]);
  const paces = new HostPaces(['gamma'], { scale: 100 });
  let [requests, pages, stopAfter] = [0, 0, 2];
  let stop = new AbortController();
  const client = new RestClient({
    baseUrl: venues.urls.gamma,
    deadlineMs: 10_000,
    connections: 4,
    onResponse: () => void requests++,
  });
  const entry: ThreadEntry<null> = {
    url: 'none: it runs in this thread',
    load: async () => ({
      async open() {
        const reader = new ChainReader(chains, async (request, signal, judge) => {
          const answer = await client.request(request, paces.for(request.host, request.path), signal);
          if (++pages === stopAfter) stop.abort();
          return judge({ text: answer.text, receivedAtMs: answer.receivedAtMs, ageMs: 0 });
        });
        return { reader, sink: new VenueSink(target) };
      },
    }),
  };
  const checkpoints = tempWorkspace();
  const folder = RunFolder.create(checkpoints, 'catalogue-1');
  folder.writePlan({ chains: chains.map(({ name }) => name) });
  CheckpointKeeper.begin(folder, {
    dataset: 'catalogue',
    fingerprint: { source: client.url },
    block: 0,
    pinned: false,
    chunks: units.count,
    expectedRows: 0,
    expectedRequests: 0,
    requests: 0,
  });
  const sitting = () => {
    const found = findRun(checkpoints, undefined, 'catalogue');
    if (found === null) throw new Error('the run is not found by its data set');
    const step = stepContext(stop.signal);
    return loadUnits(step, {
      name: 'catalogue',
      units,
      store: folderStore(new CheckpointKeeper(found.folder, found.checkpoint), { units, log: step.log }),
      entry,
      settings: null,
      rate: () => ({ granted: requests, throttled: 0, rps: 1000, maxRps: 1000, pausedForMs: 0 }),
      options: {
        workers: 2,
        threads: 0,
        size: 100,
        smaller: (size) => size,
        retryBaseMs: 1,
        giveUpAfterMs: 30_000,
        stuckAfterMs: 30_000,
      },
      probe: () => Promise.resolve(),
    });
  };

  await expect(sitting()).rejects.toThrow();
  expect(folder.readCheckpoint()).toMatchObject({ dataset: 'catalogue', failed: [], loading: null });
  stop = new AbortController();
  stopAfter = Number.POSITIVE_INFINITY;
  await sitting();
  paces.close();
  await client.close();

  const checkpoint = folder.readCheckpoint();
  expect(checkpoint?.retries).toBeGreaterThan(1);
  expect(checkpoint).toMatchObject({ done: [[0, units.count]], failed: [], rejected: 0 });
  expect(findRun(checkpoints)).toBeNull();
  const [engine] = await target.query<{ engine: string }>(
    "SELECT engine FROM system.tables WHERE database = currentDatabase() AND name = 'silver_markets'",
  );
  expect(engine?.engine).toBe('ReplacingMergeTree');
  const loaded = await target.query<{ id: string }>(
    "SELECT market_id AS id FROM silver_markets FINAL WHERE venue = 'polymarket' ORDER BY id",
  );
  const open = [...venues.truth.polymarket.markets()].filter(({ status }) => status !== 'resolved');
  expect(loaded.map(({ id }) => id)).toEqual(open.map(({ marketId }) => marketId).sort());
});
