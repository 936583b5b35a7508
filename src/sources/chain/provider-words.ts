/**
 * What a provider of JSON-RPC means when it refuses: each has its own words for the same three things about a range of logs
 * (try this one; too much; at most so many blocks), and for "slower", "later" and "never".
 */
export interface Refusal {
  /** HTTP status; errors come with 200 as well as with 4xx. */
  readonly status: number;
  /** Of the JSON-RPC error; null where the answer is none. */
  readonly code: number | null;
  /** The error's message, or the answer's text. */
  readonly message: string;
  /** The error's `data`. */
  readonly data?: unknown;
}

/** Block numbers, both ends included. */
export interface BlockRange {
  readonly from: number;
  readonly to: number;
}

export type Meaning =
  | { readonly kind: 'suggested_range'; readonly from: number; readonly to: number }
  /** Halve the range. */
  | { readonly kind: 'too_much' }
  | { readonly kind: 'range_cap'; readonly blocks: number }
  | { readonly kind: 'throttled'; readonly retryAfterMs: number | null }
  | { readonly kind: 'transient' }
  | { readonly kind: 'terminal' };

/** Two block numbers that the provider says would do: hex, or decimal with a dash. */
const SUGGESTIONS: readonly RegExp[] = [
  /\[(0x[0-9a-f]+), ?(0x[0-9a-f]+)\]/i, // Alchemy, Infura
  /with the range (\d+)-(\d+)/i, // Tenderly
];

/** The number of blocks that a provider takes at most: digits with commas, or thousands as K. */
const CAPS: readonly RegExp[] = [
  /limited to a ([\d,]+)(?: blocks?)? range/i, // QuickNode, 1RPC
  /ranges over ([\d,]+) blocks are not supported/i, // dRPC
  /maximum block range: ?([\d,]+)/i, // PublicNode
  /max range: ?([\d,]+)/i,
  /number of requested blocks is ([\d,]+)/i,
  /limited to ([\d,]+) block/i,
  /allowed for your plan \([\d,]+ > ([\d,]+)\)/i,
  /up to a ([\d,]+K?) block range/i, // Alchemy
];

const TOO_MUCH: readonly RegExp[] = [
  /response size exceeded/i, // Alchemy
  /query returned more than/i, // Infura
  /exceeds max results/i, // Tenderly
  /block range limit exceeded/i, // Chainstack
  /block range is too wide/i, // Ankr
  /block range too large/i,
  /response too large/i,
  /response size should not/i,
  /logs matched by query exceeds limit/i,
];

const THROTTLED: readonly RegExp[] = [
  /compute units per second/i,
  /too many requests/i,
  /rate.?limit/i,
  /\brate\b.*(?:exceed|exhaust)/i,
  /request limit reached/i,
];

const TRANSIENT: readonly RegExp[] = [
  /no backend is currently healthy/i,
  /header not found/i,
  /unknown block/i, // a replica that has not got it yet
  /time[d ]*.?out/i,
  /temporarily|unavailable|try again|overload/i,
];

const TERMINAL: readonly RegExp[] = [/api key disabled/i, /unauthori[sz]ed/i, /forbidden/i];

/** Codes that mean the same whatever is said. */
const THROTTLED_CODES: ReadonlySet<number> = new Set([429, -32029]);
const TERMINAL_CODES: ReadonlySet<number> = new Set([-32051, -32601]);
/** "Server error" and "internal error": said of everything, so that only another try can tell. */
const VAGUE_CODES: ReadonlySet<number> = new Set([-32000, -32603]);

/** `asked` is the range of the request, or null where it was none for logs. */
export function meaningOf(refusal: Refusal, asked: BlockRange | null): Meaning {
  const { status, code, message } = refusal;
  const says = (patterns: readonly RegExp[]) => patterns.some((pattern) => pattern.test(message));
  // A key that is refused may come as 403 with words about anything; a status alone is looked at last.
  if ((code !== null && TERMINAL_CODES.has(code)) || says(TERMINAL)) return { kind: 'terminal' };
  if (status === 429 || (code !== null && THROTTLED_CODES.has(code)) || says(THROTTLED)) {
    return { kind: 'throttled', retryAfterMs: saidWaitMs(message) };
  }
  if (asked !== null) {
    const meaning = aboutRange(refusal, asked);
    if (meaning !== null) return meaning;
  }
  if (status === 401 || status === 403) return { kind: 'terminal' };
  if (status >= 500 || status === 408 || says(TRANSIENT)) return { kind: 'transient' };
  return { kind: code !== null && VAGUE_CODES.has(code) ? 'transient' : 'terminal' };
}

function aboutRange(refusal: Refusal, asked: BlockRange): Meaning | null {
  const suggestion = suggestionIn(refusal);
  // One that is not within what was asked, or no smaller, leads nowhere.
  if (suggestion !== null && suggestion.from >= asked.from && suggestion.to < asked.to && isRange(suggestion)) {
    return { kind: 'suggested_range', ...suggestion };
  }
  const blocks = capIn(refusal.message);
  // A cap that was kept, dRPC's habit: it means less than it says.
  if (blocks !== null && blocks < blocksIn(asked)) return { kind: 'range_cap', blocks };
  const isTooMuch =
    suggestion !== null ||
    blocks !== null ||
    refusal.status === 413 ||
    TOO_MUCH.some((said) => said.test(refusal.message));
  return isTooMuch ? { kind: 'too_much' } : null;
}

function suggestionIn({ message, data }: Refusal): BlockRange | null {
  for (const pattern of SUGGESTIONS) {
    const match = pattern.exec(message);
    if (match !== null) return { from: Number(match[1]), to: Number(match[2]) };
  }
  if (typeof data !== 'object' || data === null || !('from' in data) || !('to' in data)) return null;
  const [from, to] = [Number(data.from), Number(data.to)];
  return Number.isSafeInteger(from) && Number.isSafeInteger(to) ? { from, to } : null;
}

function capIn(message: string): number | null {
  for (const pattern of CAPS) {
    const said = pattern.exec(message)?.[1];
    if (said === undefined) continue;
    const digits = Number(said.replace(/[,K]/gi, ''));
    const blocks = /K$/i.test(said) ? digits * 1000 : digits;
    if (blocks > 0) return blocks;
  }
  return null;
}

/** "retry in 10s", as milliseconds. */
function saidWaitMs(message: string): number | null {
  const seconds = /(?:retry|try again) (?:in|after) (\d+(?:\.\d+)?) ?s/i.exec(message)?.[1];
  return seconds === undefined ? null : Math.ceil(Number(seconds) * 1000);
}

function isRange({ from, to }: BlockRange): boolean {
  return from <= to;
}

export function blocksIn({ from, to }: BlockRange): number {
  return to - from + 1;
}
