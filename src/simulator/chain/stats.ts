/** What a server was asked and what it gave. */
export interface ServerStats {
  requests: number;
  /** By HTTP status; of RPC also by JSON error code, as `rpc -32005`. */
  byStatus: Record<string, number>;
  /** By path or method. */
  byCall: Record<string, number>;
  faults: Record<string, number>;
  /** Logs and lines (portal) that were written. */
  logs: number;
  lines: number;
  /** Bytes of answers, after encoding. */
  bytes: number;
  inFlight: number;
  maxInFlight: number;
}

export function emptyServerStats(): ServerStats {
  return {
    requests: 0,
    byStatus: {},
    byCall: {},
    faults: {},
    logs: 0,
    lines: 0,
    bytes: 0,
    inFlight: 0,
    maxInFlight: 0,
  };
}
