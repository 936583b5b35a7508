/** Opinion wraps everything, and its errors are HTTP 200: a body is judged before any of it is data. */
import { failed } from '../../../core/failure.js';
import { isObject, type Json, memberText, parseJson } from '../../../sources/rest/json.js';
import { Fields } from '../fields.js';
import { judged } from '../pages.js';

/** Errors about the key. */
const KEY_ERRORS = ['11001', '11002'];
const THROTTLED = '10429';

/** Throws FailureError unless the envelope says success. Documents call the number `code`, answers `errno`. */
export function judge(wrapper: Json, what: string): Fields {
  const envelope = judged(() => Fields.of(wrapper, 'the answer'), what);
  const errno = envelope.has('errno') ? envelope.text('errno') : envelope.text('code');
  if (errno === '0') return envelope;
  const message = envelope.text('errmsg') || envelope.text('msg');
  const said = `${what} answered error ${errno === '' ? 'without a number' : errno}: ${message}`;
  if (errno === THROTTLED) throw failed('throttled', 'throttled', said);
  if (KEY_ERRORS.includes(errno)) throw failed('terminal', 'query_refused', `${said}; check OPINION_API_KEY`);
  throw failed(errno === '' ? 'transient' : 'terminal', errno === '' ? 'bad_response' : 'query_refused', said);
}

/** The result of a single answer, with its text as received. */
export function resultOf(text: string, what: string): { readonly raw: string; readonly value: Json } {
  judge(parseJson(text, what), what);
  const raw = memberText(text, 'result') ?? 'null';
  const value = parseJson(raw, what);
  if (!isObject(value)) throw failed('transient', 'bad_response', `an answer without a result from ${what}`);
  return { raw, value };
}
