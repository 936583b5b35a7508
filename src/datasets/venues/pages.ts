/** Listings by page number. Rows shift between pages while they are read: a row may come twice, and one may be missed. */

import { failed } from '../../core/failure.js';
import { type Json, readListing } from '../../sources/rest/json.js';
import { type Chain, type Kind, type MapRecord, mapRecords, type Page, pageOf, seenOf } from './chain.js';
import { BadField } from './fields.js';
import type { Host } from './limits.js';
import type { Venue } from './model.js';

export interface PageState {
  /** From 1. */
  readonly page: number;
  /** Rows read before this page, repeats included. */
  readonly count: number;
}

export interface PagedListing {
  readonly name: string;
  readonly venue: Venue;
  readonly kind: Kind;
  readonly endpoint: string;
  readonly host: Host;
  readonly path: string;
  readonly query: readonly (readonly [string, string])[];
  readonly records: readonly string[];
  /** Throws FailureError for an error that came as a success. */
  judge?(text: string): void;
  /** The total of rows in the body around them. */
  total(wrapper: Json): string;
  readonly map: MapRecord;
  /** Rows that are enough; null for all. */
  readonly top: number | null;
  /** Ends the listing when it says so of a page. */
  enough?(page: Pick<Page<PageState>, 'rows'>): string | null;
}

export function pagedChain(listing: PagedListing): Chain<PageState> {
  const { name, venue, kind, endpoint, host, path, query } = listing;
  const what = `${venue} ${endpoint}`;
  return {
    name,
    venue,
    kind,
    endpoint,
    start: { page: 1, count: 0 },
    request: ({ page }) => ({ host, path, query: [...query, ['page', String(page)]] }),
    read: (state, answer) => {
      listing.judge?.(answer.text);
      const { wrapper, records } = readListing(answer.text, listing.records, what);
      const total = totalOf(listing.total(wrapper), what);
      const read = mapRecords(listing, records, seenOf(answer), listing.map);
      const count = state.count + records.length;
      const endedBy =
        records.length === 0
          ? 'empty page'
          : // A short page is no end: the venue may give fewer rows a page than it is asked for.
            count >= total
            ? 'total reached'
            : listing.top !== null && count >= listing.top
              ? `${listing.top} rows`
              : (listing.enough?.(read) ?? null);
      const next = endedBy === null ? { page: state.page + 1, count } : null;
      return { ...pageOf(read), total, cursor: `page ${state.page}`, next, endedBy };
    },
  };
}

function totalOf(text: string, what: string): number {
  if (!/^\d{1,9}$/.test(text)) throw failed('transient', 'bad_response', `a listing without its total from ${what}`);
  return Number(text);
}

/** For readers of envelopes: a BadField in the body around the rows is a bad response. */
export function judged<T>(read: () => T, what: string): T {
  try {
    return read();
  } catch (error) {
    if (error instanceof BadField)
      throw failed('transient', 'bad_response', `an unreadable answer from ${what}: ${error.message}`);
    throw error;
  }
}
