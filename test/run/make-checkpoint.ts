import type { Checkpoint } from '../../src/run/checkpoint.js';

/** A run that has just begun, for tests to change. */
export function makeCheckpoint(over: Partial<Checkpoint> = {}): Checkpoint {
  return {
    version: 1,
    dataset: 'fills',
    run: 'r1',
    createdAt: '2026-01-01T00:00:00.000Z',
    updatedAt: '2026-01-01T00:00:00.000Z',
    fingerprint: { source: 'http://127.0.0.1:1/orderbook', deployment: 'Qm1', selection: 'everything' },
    block: 1000,
    pinned: true,
    unpinnedWhy: null,
    refresh: false,
    replaceStaging: false,
    uncounted: [],
    prepared: true,
    done: [],
    failed: [],
    chunks: 2000,
    expectedRows: 20_000,
    expectedRequests: 20,
    rows: 0,
    requests: 0,
    rejected: 0,
    throttled: 0,
    retries: 0,
    sittings: 1,
    activeMs: 0,
    pace: null,
    loading: null,
    marketsDone: 0,
    markets: 1500,
    steps: {},
    ...over,
  };
}
