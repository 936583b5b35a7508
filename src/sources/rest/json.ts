/**
 * Bodies of REST sources, read without loss: a number keeps its text ("0.1649995" and 5.0 stay what they were), and every record of a
 * listing comes with the exact text in which it was received.
 */
import { isLosslessNumber, parse } from 'lossless-json';
import { failed } from '../../core/failure.js';

/** A value of a body. A number is a LosslessNumber: its text is in `value`. */
export type Json = unknown;
export type JsonObject = Readonly<Record<string, Json>>;

export interface RawRecord {
  /** As received, byte for byte. */
  readonly raw: string;
  readonly value: Json;
}

export interface Listing {
  /** The body around the records; the array itself is left out (empty). */
  readonly wrapper: Json;
  readonly records: readonly RawRecord[];
}

/** Throws `bad_response` for what is no JSON; `what` names the answer in the message. */
export function parseJson(text: string, what: string): Json {
  try {
    // Twice the same key is legal JSON: the last one counts, as everywhere else.
    return parse(text, null, { onDuplicateKey: ({ newValue }) => newValue });
  } catch (error) {
    throw failed('transient', 'bad_response', `an answer that is no JSON to ${what}: ${(error as Error).message}`);
  }
}

/**
 * Cuts a body into the elements of the array at `path` ([] where the body is the array). Throws `bad_response` where there is no such
 * array: an empty listing and a changed format must not look alike.
 */
export function readListing(text: string, path: readonly string[], what: string): Listing {
  const span = findArray(text, path);
  if (span === null) {
    // Not even JSON is the better message, so it comes first.
    parseJson(text, what);
    throw failed('transient', 'bad_response', `an answer without the list ${path.join('.')} to ${what}`);
  }
  const wrapper = parseJson(`${text.slice(0, span.from)}[]${text.slice(span.to)}`, what);
  const records = elements(text, span, what).map((raw) => ({ raw, value: parseJson(raw, what) }));
  return { wrapper, records };
}

/** The elements of an array's own text. */
export function elementTexts(arrayText: string, what: string): string[] {
  const span = findArray(arrayText, []);
  return span === null ? [] : elements(arrayText, span, what);
}

/** The text of a member's value within an object's text; null where it is not there. */
export function memberText(objectText: string, key: string): string | null {
  const at = findMember(objectText, skipSpace(objectText, 0), key);
  return at === null ? null : objectText.slice(at, endOfValue(objectText, at));
}

interface Span {
  readonly from: number;
  readonly to: number;
}

function elements(text: string, span: Span, what: string): string[] {
  const found: string[] = [];
  let at = skipSpace(text, span.from + 1);
  if (text[at] === ']') return found;
  for (;;) {
    const end = endOfValue(text, at);
    if (end > at) found.push(text.slice(at, end));
    const after = skipSpace(text, end);
    if (end > at && text[after] === ']') return found;
    if (end === at || text[after] !== ',') {
      throw failed('transient', 'bad_response', `a list that is no JSON in the answer to ${what}`);
    }
    at = skipSpace(text, after + 1);
  }
}

function findArray(text: string, path: readonly string[]): Span | null {
  let at: number | null = skipSpace(text, 0);
  for (const key of path) {
    at = findMember(text, at, key);
    if (at === null) return null;
  }
  if (text[at] !== '[') return null;
  const to = endOfValue(text, at);
  return text[to - 1] === ']' ? { from: at, to } : null;
}

/** Where the value of `key` begins in the object that begins at `at`. The last of several counts, as in `parseJson`. */
function findMember(text: string, at: number, key: string): number | null {
  if (text[at] !== '{') return null;
  let found: number | null = null;
  let next = skipSpace(text, at + 1);
  while (text[next] === '"') {
    const keyEnd = endOfString(text, next);
    const value = skipSpace(text, skipSpace(text, keyEnd) + 1);
    // Keys with escapes do not occur in what is looked for.
    if (text.slice(next + 1, keyEnd - 1) === key) found = value;
    const end = skipSpace(text, endOfValue(text, value));
    if (text[end] !== ',') break;
    next = skipSpace(text, end + 1);
  }
  return found;
}

const QUOTE = 0x22;
const BACKSLASH = 0x5c;

/** Just after the value that begins at `at`, or the end of the text where it is cut. */
function endOfValue(text: string, at: number): number {
  const first = text[at];
  if (first === '"') return endOfString(text, at);
  if (first !== '{' && first !== '[') {
    let end = at;
    while (end < text.length && !',]} \n\r\t'.includes(text[end] as string)) end++;
    return end;
  }
  let depth = 0;
  for (let i = at; i < text.length; i++) {
    const char = text.charCodeAt(i);
    if (char === QUOTE) i = endOfString(text, i) - 1;
    else if (char === 0x7b || char === 0x5b) depth++;
    else if ((char === 0x7d || char === 0x5d) && --depth === 0) return i + 1;
  }
  return text.length;
}

function endOfString(text: string, at: number): number {
  let quote = text.indexOf('"', at + 1);
  while (quote !== -1) {
    let before = quote - 1;
    while (text.charCodeAt(before) === BACKSLASH) before--;
    if ((quote - before) % 2 === 1) return quote + 1;
    quote = text.indexOf('"', quote + 1);
  }
  return text.length;
}

function skipSpace(text: string, from: number): number {
  let at = from;
  while (' \n\r\t'.includes(text[at] ?? 'x')) at++;
  return at;
}

export function isObject(value: Json): value is JsonObject {
  return typeof value === 'object' && value !== null && !Array.isArray(value) && !isLosslessNumber(value);
}

/** The text of a string or a number; null for everything else. */
export function textOf(value: Json): string | null {
  if (typeof value === 'string') return value;
  return isLosslessNumber(value) ? value.value : null;
}
