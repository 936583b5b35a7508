import type { RejectedRow, Rest } from './ports.js';

/**
 * A unit that has not ended, as the loader keeps it. It is *queued* until a worker slot takes it, *running* while a thread
 * reads it, *waiting* before another try, *set aside* after too many failures (the final sweep takes it up once more), and in
 * the end *done* or *failed*. `enter` is the only place that changes a state.
 *
 *     queued ◄─► running ──► done       back: the run stops
 *       ▲          │ ├─────► failed
 *       │          ▼ ▼
 *       ├──── waiting  set aside ──┐
 *       └──────────────────────────┘  the sweep
 */
export type State = 'queued' | 'running' | 'waiting' | 'set-aside' | 'done' | 'failed';

const ALLOWED: Readonly<Record<State, readonly State[]>> = {
  queued: ['running'],
  running: ['done', 'waiting', 'set-aside', 'failed', 'queued'],
  waiting: ['queued'],
  'set-aside': ['queued'],
  done: [],
  failed: [],
};

export interface Pending {
  readonly ordinal: number;
  state: State;
  /** What is left to read; null before the first attempt. */
  rest: Rest | null;
  size: number;
  failures: number;
  rows: number;
  rejected: RejectedRow[];
  swept: boolean;
}

export function newPending(ordinal: number, size: number): Pending {
  return {
    ordinal,
    state: 'queued',
    rest: null,
    size,
    failures: 0,
    rows: 0,
    rejected: [],
    swept: false,
  };
}

export function enter(unit: Pending, state: State): void {
  if (!ALLOWED[unit.state].includes(state)) {
    throw new Error(`unit ${unit.ordinal} cannot go from ${unit.state} to ${state}`);
  }
  unit.state = state;
}
