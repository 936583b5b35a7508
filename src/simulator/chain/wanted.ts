/** Which logs a filter can match, as a table over (emitter, event): what is not wanted is never computed. */
import { EMITTERS, EVENTS } from './contracts.js';
import { wordsOf } from './words.js';

const EVENT_STRIDE = 32;

export interface Wanted {
  /** 1 at emitter × 32 + event. */
  readonly table: Uint8Array;
  /** Whether any log of a match is wanted; else only conditions are. */
  readonly matches: boolean;
  readonly conditions: boolean;
}

export const EMITTER_WORDS = EMITTERS.map(({ address }) => wordsOf(address, 5));
export const TOPIC0_WORDS = EVENTS.map(({ topic0 }) => wordsOf(topic0));

export function isWanted(wanted: Wanted, emitter: number, event: number): boolean {
  return wanted.table[emitter * EVENT_STRIDE + event] === 1;
}

/** Both lists as the clients give them; undefined: any. */
export interface LogFilter {
  readonly addresses: ReadonlySet<string> | undefined;
  readonly topic0: ReadonlySet<string> | undefined;
}

const CONDITION_EVENTS: readonly string[] = [
  'v1_token_registered',
  'condition_preparation',
  'condition_resolution',
  'condition_resolved',
];

export function wantedOf(filters: readonly LogFilter[]): Wanted {
  const table = new Uint8Array(EMITTERS.length * EVENT_STRIDE);
  let matches = false;
  let conditions = false;
  for (const [emitter, { address }] of EMITTERS.entries()) {
    for (const [event, { name, topic0 }] of EVENTS.entries()) {
      const hit = filters.some(
        ({ addresses, topic0: topics }) => (addresses?.has(address) ?? true) && (topics?.has(topic0) ?? true),
      );
      if (!hit) continue;
      table[emitter * EVENT_STRIDE + event] = 1;
      if (CONDITION_EVENTS.includes(name)) conditions = true;
      else if (name !== 'transfer') matches = true;
    }
  }
  return { table, matches, conditions };
}

export const EVERYTHING: Wanted = wantedOf([{ addresses: undefined, topic0: undefined }]);
