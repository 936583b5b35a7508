/** What a server has been asked and what it gave: for benches and scenario tests, also over `GET /stats`. */
export interface Stats {
  /** Every POST to an endpoint, refused ones included. */
  requests: number;
  /** Answered 200 with data. */
  answered: number;
  /** Answered 200 with errors. */
  errors: number;
  throttled: number;
  /** Answered 400, 401, 404. */
  refused: number;
  /** Rows of all root fields that were served. */
  rows: number;
  /** Bytes of answers, encoded. */
  bytes: number;
  inFlight: number;
  maxInFlight: number;
  byOperation: Record<string, number>;
  byRootField: Record<string, number>;
  rowsByRootField: Record<string, number>;
  faults: Record<string, number>;
  /** User and system time of the process that serves, milliseconds. */
  cpuMs: number;
}

export function emptyStats(): Stats {
  return {
    requests: 0,
    answered: 0,
    errors: 0,
    throttled: 0,
    refused: 0,
    rows: 0,
    bytes: 0,
    inFlight: 0,
    maxInFlight: 0,
    byOperation: {},
    byRootField: {},
    rowsByRootField: {},
    faults: {},
    cpuMs: 0,
  };
}

export function addTo(counts: Record<string, number>, key: string, amount = 1): void {
  counts[key] = (counts[key] ?? 0) + amount;
}
