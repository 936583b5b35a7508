/** The list in `{"jsonrpc":"2.0","id":1,"result":[…]}`, found without parsing it. */
const KEY = '"result":';
/** How far into an answer its result begins, and how much stands behind it, when it looks as it always does. */
const MAX_AROUND = 200;
const OPEN_LIST = 0x5b;
const CLOSE_LIST = 0x5d;

/**
 * The bytes of the result where it is a list, its brackets included; undefined where the answer is an error, no JSON-RPC or
 * not whole. What stands around the list is parsed, so that a list that was cut is not taken for one.
 */
export function cutResult(body: Buffer): Uint8Array | undefined {
  const key = body.subarray(0, MAX_AROUND).indexOf(KEY);
  if (key < 0) return undefined;
  let from = key + KEY.length;
  while (body[from] === 0x20 || body[from] === 0x0a) from++;
  const to = body.lastIndexOf(CLOSE_LIST) + 1;
  if (body[from] !== OPEN_LIST || to <= from || body.length - to > MAX_AROUND) return undefined;
  const around = `${body.toString('utf8', 0, from)}[]${body.toString('utf8', to)}`;
  let envelope: unknown;
  try {
    envelope = JSON.parse(around);
  } catch {
    return undefined;
  }
  const isResult = typeof envelope === 'object' && envelope !== null && 'result' in envelope && !('error' in envelope);
  return isResult ? body.subarray(from, to) : undefined;
}
