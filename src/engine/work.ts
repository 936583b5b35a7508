import type { Failure } from '../core/failure.js';
import type { Segment } from '../datasets/fills/plan/segment.js';
import type { RejectedRow } from './attempt.js';

/**
 * A chunk is *queued* until a worker slot takes it, *running* while a thread works on it, *waiting* before another try,
 * *set aside* after too many failures (the final sweep takes it up once more), and in the end *done* or *failed*.
 * `enter` is the only place that changes a state.
 */
export type State = 'queued' | 'running' | 'waiting' | 'set-aside' | 'done' | 'failed';

const ALLOWED: Readonly<Record<State, readonly State[]>> = {
  queued: ['running'],
  running: ['done', 'waiting', 'set-aside', 'failed', 'queued'],
  waiting: ['queued'],
  'set-aside': ['queued', 'failed'],
  done: [],
  failed: [],
};

export interface Work {
  readonly ordinal: number;
  state: State;
  /** What is left to read; null before the first attempt. */
  rest: readonly Segment[] | null;
  pageRows: number;
  failures: number;
  lastFailure: Failure | null;
  rows: number;
  rejected: RejectedRow[];
  swept: boolean;
}

export function newWork(ordinal: number, pageRows: number): Work {
  return {
    ordinal,
    state: 'queued',
    rest: null,
    pageRows,
    failures: 0,
    lastFailure: null,
    rows: 0,
    rejected: [],
    swept: false,
  };
}

export function enter(work: Work, state: State): void {
  if (!ALLOWED[work.state].includes(state)) {
    throw new Error(`chunk ${work.ordinal} cannot go from ${work.state} to ${state}`);
  }
  work.state = state;
}
