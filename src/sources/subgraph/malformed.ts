/**
 * Rows of a list that cannot be decoded. A passing fault can look like one, so a row is believed to be malformed when the
 * same id was so often in a row; it is then set aside and named, and the list goes on.
 */
import type { z } from 'zod';
import { cutMessage, failed } from '../../core/failure.js';
import type { ListRow } from './lists.js';

/** A row that was malformed however often it was asked for. Its texts are cut and printable. */
export interface Malformed {
  readonly id: string;
  /** `positionIds.0` */
  readonly field: string;
  readonly reason: string;
}

const ASKED_TIMES = 3;
/** More than these and more than one in a hundred, or all, are no stray rows: the source answers wrongly as a whole. */
const MAX_MALFORMED = 100;

/** The malformed rows of one list. */
export class MalformedRows {
  readonly #times = new Map<string, number>();
  readonly #aside: Malformed[] = [];

  /** @param one what a row of the list is: "condition" */
  constructor(private readonly one: string) {}

  /**
   * The page's rows that can be decoded, and what to call once the page is taken. Throws FailureError (transient, bad_page) while
   * a row that cannot be is not believed yet.
   */
  sift<T extends object>(
    rows: readonly ListRow[],
    decode: (row: ListRow) => T | Malformed,
  ): { decoded: T[]; keep: () => void } {
    const decoded: T[] = [];
    const aside: Malformed[] = [];
    let askAgain: Malformed | undefined;
    for (const row of rows) {
      const one = decode(row);
      if (!('reason' in one)) {
        this.#times.delete(row.id);
        decoded.push(one);
        continue;
      }
      const times = (this.#times.get(row.id) ?? 0) + 1;
      this.#times.set(row.id, times);
      if (times < ASKED_TIMES) askAgain ??= one;
      else aside.push(one);
    }
    if (askAgain !== undefined) throw failed('transient', 'bad_page', describeMalformed(this.one, askAgain));
    return { decoded, keep: () => this.#aside.push(...aside) };
  }

  /** Ascending by id. Throws FailureError when they are too many beside `good` rows to be strays. */
  all(good: number): readonly Malformed[] {
    const aside = this.#aside.sort(byId);
    const [first] = aside;
    const most = good === 0 ? 0 : Math.max(MAX_MALFORMED, good / 100);
    if (first !== undefined && aside.length > most) {
      const share = `${aside.length} of ${aside.length + good} ${this.one}s cannot be decoded`;
      throw failed('transient', 'bad_page', `${share}, as ${describeMalformed(this.one, first)}`);
    }
    return aside;
  }
}

export function malformed(row: ListRow, error: z.ZodError): Malformed {
  const issue = error.issues[0];
  return { id: printable(row.id), field: issue?.path.join('.') ?? '', reason: printable(issue?.message ?? '') };
}

export function describeMalformed(one: string, { id, field, reason }: Malformed): string {
  return `${one} ${id}, ${field}: ${reason}`;
}

export function byId(a: { readonly id: string }, b: { readonly id: string }): number {
  return a.id < b.id ? -1 : a.id > b.id ? 1 : 0;
}

const MAX_TEXT_CHARS = 100;

function printable(text: string): string {
  return cutMessage(text.replace(/\p{C}/gu, '?'), MAX_TEXT_CHARS);
}
