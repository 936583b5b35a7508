/** What each host was asked and how it answered. */
import type { HostName } from './host.js';

export interface HostStats {
  requests: number;
  byEndpoint: Record<string, number>;
  /** By HTTP status. */
  byStatus: Record<string, number>;
  /** Refused by the host's own limit. */
  refused: number;
  /** Held back by the host's limit, and for how long at most. */
  delayed: number;
  longestDelayMs: number;
  inFlight: number;
  maxInFlight: number;
  bytes: number;
  faults: Record<string, number>;
}

export type VenuesStats = Record<HostName, HostStats>;

export function emptyHostStats(): HostStats {
  return {
    requests: 0,
    byEndpoint: {},
    byStatus: {},
    refused: 0,
    delayed: 0,
    longestDelayMs: 0,
    inFlight: 0,
    maxInFlight: 0,
    bytes: 0,
    faults: {},
  };
}
