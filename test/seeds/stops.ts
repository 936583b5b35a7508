/** Faults that no retry gets over: the program ends and says so, a person mends it, the same command goes on. */
import type { FaultRule } from '../../src/simulator/fault-table.js';
import type { ProxyRule } from '../support/tcp-proxy.js';
import type { Random } from './random.js';

export interface Stop {
  readonly kind: keyof typeof STOPS;
  /** One of the two: whose fault it is. */
  readonly target?: ProxyRule;
  readonly source?: FaultRule;
}

/** How the program must end, and what it must say. */
export const STOPS = {
  'access-denied': { code: 1, words: /Not enough privileges|ACCESS_DENIED/ },
  'read-only-user': { code: 1, words: /readonly mode/ },
  'unknown-table': { code: 1, words: /does not exist|is gone/ },
  'indexing-error': { code: 75, words: /indexing_error/ },
} as const;

export interface StopSize {
  /** Statements that insert fills, at least. */
  readonly inserts: number;
  /** Statements of all other kinds that the job has. */
  readonly statements: number;
  /** Nothing lies between the program and its own server. */
  readonly sourceOnly: boolean;
}

/** From some moment on it strikes whatever is asked. */
export function drawStop(random: Random, { inserts, statements, sourceOnly }: StopSize): Stop {
  const kind = sourceOnly
    ? 'indexing-error'
    : random.pick(['access-denied', 'read-only-user', 'unknown-table', 'indexing-error'] as const);
  if (kind === 'indexing-error') return { kind, source: { kind, rate: 1, fromRequest: random.int(0, 40) } };
  const ofInserts: ProxyRule = { kind, rate: 1, only: 'insert', fromRequest: random.int(0, inserts) };
  const later: Omit<ProxyRule, 'kind'> = { rate: 1, only: 'other', fromRequest: random.int(0, statements) };
  const asInsert = random.chance(0.5);
  // A table that is missing for statements of every kind would be many missing tables.
  if (asInsert || kind === 'unknown-table') return { kind, target: ofInserts };
  // Who may only read may still read.
  return { kind, target: { kind, ...later, ...(kind === 'read-only-user' ? { matching: 'CREATE OR REPLACE' } : {}) } };
}
