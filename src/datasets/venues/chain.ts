/**
 * A chain is a sequence of requests in which each answer says what to ask next: the pages of a listing, or a single batch. It is pure:
 * a state gives a request, a state and an answer give rows and the next state. States are plain JSON: a checkpoint keeps them.
 */
import { createHash } from 'node:crypto';
import { instantOfMs } from '../../core/instant.js';
import { type Json, type RawRecord, readListing } from '../../sources/rest/json.js';
import { BadField, Fields } from './fields.js';
import type { Host } from './limits.js';
import { noRows, type Problem, type SilverRows, type Venue } from './model.js';

export type Kind = 'events' | 'markets' | 'prices' | 'books' | 'trades' | 'history' | 'ids';

export interface VenueRequest {
  readonly host: Host;
  readonly method?: 'GET' | 'POST';
  readonly path: string;
  readonly query?: readonly (readonly [name: string, value: string])[];
  readonly body?: unknown;
}

export interface Answer {
  readonly text: string;
  /** When it was here, milliseconds of the epoch. */
  readonly receivedAtMs: number;
  /** How long a cache had kept it, by its `age` header. */
  readonly ageMs: number;
}

/** One row of bronze: a record exactly as it was received. */
export interface BronzeRecord {
  readonly venue: Venue;
  readonly endpoint: string;
  readonly record_id: string;
  readonly body: string;
}

export interface Page<State> {
  readonly bronze: readonly BronzeRecord[];
  readonly rows: SilverRows;
  readonly problems: readonly Problem[];
  /** Of the chain's own kind: what the certificate counts. */
  readonly ids: readonly string[];
  /** Left out on purpose. */
  readonly dropped: number;
  /** Asked for by name and not answered. */
  readonly missing: readonly string[];
  /** How many the venue says there are; null where it does not say. */
  readonly total: number | null;
  /** What the next page is asked by. The same name twice in a chain is an error, never an end. */
  readonly cursor: string | null;
  readonly next: State | null;
  /** The marker that ended the chain, where there is no next state. */
  readonly endedBy: string | null;
}

export interface Chain<State = Json> {
  /** The checkpoint's word, unique within a venue: `markets/open`. */
  readonly name: string;
  readonly venue: Venue;
  readonly kind: Kind;
  /** Bronze's word for where the records come from. */
  readonly endpoint: string;
  readonly start: State;
  request(state: State): VenueRequest;
  /** Throws FailureError for an answer that is no page. */
  read(state: State, answer: Answer): Page<State>;
  /** Markets whose trades are complete once it has ended; [''] for a whole exchange. */
  readonly covers?: readonly string[];
  /** A refusal of its request (404 of a market that is gone, 400 of a pool's book) is an answer: the marker it ends with. */
  readonly refusalEnds?: string;
  /** The name of a chain that comes from the other end, and whether both have met: then this one is over. */
  readonly meets?: { readonly name: string; metAt(mine: State, other: State): boolean };
}

/** When an answer was received and when what it says was true, as times of rows. */
export interface Seen {
  readonly receivedAt: string;
  readonly trueAt: string;
}

export function seenOf({ receivedAtMs, ageMs }: Answer): Seen {
  return { receivedAt: instantOfMs(receivedAtMs) as string, trueAt: instantOfMs(receivedAtMs - ageMs) as string };
}

/** What one record became. */
export interface Mapped {
  readonly id: string;
  readonly rows: Partial<SilverRows>;
  /** Records of their own within this one; the record itself is always kept. */
  readonly inner?: readonly { readonly endpoint: string; readonly id: string; readonly raw: string }[];
  /** Left out on purpose (a combo, a row outside what was asked for): kept nowhere. */
  readonly dropped?: true;
}

export type MapRecord = (record: RawRecord, seen: Seen) => Mapped;

export interface ReadRecords {
  readonly bronze: BronzeRecord[];
  readonly rows: SilverRows;
  readonly problems: Problem[];
  readonly ids: string[];
  readonly dropped: number;
  readonly wrapper: Json;
  /** Records in the answer, dropped ones included. */
  readonly count: number;
}

/** Maps every record of a listing; one that cannot be read becomes a problem and stays in bronze. */
export function readRecords(
  chain: { readonly venue: Venue; readonly endpoint: string },
  answer: Answer,
  path: readonly string[],
  map: MapRecord,
): ReadRecords {
  const { venue, endpoint } = chain;
  const { wrapper, records } = readListing(answer.text, path, `${venue} ${endpoint}`);
  return { ...mapRecords(chain, records, seenOf(answer), map), wrapper, count: records.length };
}

export function mapRecords(
  { venue, endpoint }: { readonly venue: Venue; readonly endpoint: string },
  records: readonly RawRecord[],
  seen: Seen,
  map: MapRecord,
): Omit<ReadRecords, 'wrapper' | 'count'> {
  const read = {
    bronze: [] as BronzeRecord[],
    rows: noRows(),
    problems: [] as Problem[],
    ids: [] as string[],
    dropped: 0,
  };
  for (const record of records) {
    try {
      const { id, rows, inner = [], dropped } = map(record, seen);
      if (dropped) {
        read.dropped++;
        continue;
      }
      read.ids.push(id);
      read.bronze.push({ venue, endpoint, record_id: id, body: record.raw });
      for (const { endpoint, id, raw } of inner) read.bronze.push({ venue, endpoint, record_id: id, body: raw });
      addRows(read.rows, rows);
    } catch (error) {
      if (!(error instanceof BadField)) throw error;
      const recordId = idOfBad(record);
      read.problems.push({ venue, endpoint, recordId, message: error.message });
      read.bronze.push({ venue, endpoint, record_id: recordId, body: record.raw });
    }
  }
  return read;
}

/** An id for a record that cannot be read: whatever it calls itself. */
function idOfBad({ raw, value }: RawRecord): string {
  try {
    const fields = Fields.of(value, 'the record');
    for (const key of [
      'id',
      'ticker',
      'slug',
      'marketId',
      'event_ticker',
      'trade_id',
      'transaction_hash',
      'asset_id',
    ]) {
      const id = fields.text(key);
      if (id !== '') return id;
    }
  } catch (error) {
    if (!(error instanceof BadField)) throw error;
  }
  return raw.slice(0, 64);
}

export function addRows(to: SilverRows, from: Partial<SilverRows>): void {
  for (const table of ['events', 'markets', 'prices', 'books', 'trades'] as const) {
    for (const row of from[table] ?? []) (to[table] as unknown[]).push(row);
  }
}

export interface CursorState {
  readonly cursor: string | null;
  /** Records read before this page. */
  readonly count: number;
}

/** A listing whose pages are asked for by the cursor of the page before. */
export interface CursorListing {
  readonly name: string;
  readonly venue: Venue;
  readonly kind: Kind;
  readonly endpoint: string;
  readonly host: Host;
  readonly path: string;
  /** The same with every page. */
  readonly query: readonly (readonly [string, string])[];
  /** How the venue wants the cursor: another name is ignored in silence and gives page 1 for ever. */
  readonly cursorParameter: string;
  readonly records: readonly string[];
  /** The next page's cursor in the body around the records; null at the end. */
  nextCursor(wrapper: Fields): string | null;
  readonly endMarker: string;
  readonly map: MapRecord;
  /** Ends the chain early, though its pages go on; `count` is that of all records so far. */
  enough?(read: ReadRecords, count: number): string | null;
}

export function cursorChain(listing: CursorListing): Chain<CursorState> {
  const { name, venue, kind, endpoint, host, path } = listing;
  return {
    name,
    venue,
    kind,
    endpoint,
    start: { cursor: null, count: 0 },
    request: ({ cursor }) => ({
      host,
      path,
      query: cursor === null ? listing.query : [...listing.query, [listing.cursorParameter, cursor]],
    }),
    read: (state, answer) => {
      const read = readRecords(listing, answer, listing.records, listing.map);
      const count = state.count + read.count;
      const cursor = listing.nextCursor(Fields.of(read.wrapper, 'the answer'));
      const enough = listing.enough?.(read, count) ?? null;
      const over = cursor === null ? listing.endMarker : enough;
      return {
        ...pageOf(read),
        cursor,
        next: over === null ? { cursor, count } : null,
        endedBy: over,
      };
    },
  };
}

/** A page of a single request: nothing follows it. */
export function lastPage(read: Omit<ReadRecords, 'wrapper' | 'count'>, missing: readonly string[] = []): Page<never> {
  return { ...pageOf(read), missing, cursor: null, next: null, endedBy: 'single answer' };
}

export function pageOf(read: Omit<ReadRecords, 'wrapper' | 'count'>) {
  const { bronze, rows, problems, ids, dropped } = read;
  return { bronze, rows, problems, ids, dropped, missing: [] as readonly string[], total: null as number | null };
}

/** `items` in groups of at most `size`. */
export function groupsOf<T>(items: readonly T[], size: number): T[][] {
  const groups: T[][] = [];
  for (let from = 0; from < items.length; from += size) groups.push(items.slice(from, from + size));
  return groups;
}

/** Tells batches of names apart, so that a batch of other names is another chain. */
export function digestOf(names: readonly string[]): string {
  return createHash('sha256').update(names.join('\n')).digest('hex').slice(0, 8);
}
