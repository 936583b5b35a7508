/**
 * The questions that an exchange's fills are normally asked, in a form that a universe can answer by arithmetic: which
 * tokens' buys, which tokens' sells, between which ids, between which times.
 */
import type { Clause, Filter, Test } from './filters.js';
import { compareText } from './universe.js';

/** Tokens of one side: every token, or these. */
export type Tokens = 'all' | ReadonlySet<string>;

export interface Bound {
  readonly text: string;
  readonly inclusive: boolean;
}

export interface Selection {
  readonly buys: Tokens;
  readonly sells: Tokens;
  readonly idLow: Bound | undefined;
  readonly idHigh: Bound | undefined;
  /** Inclusive seconds. */
  readonly timeLow: number;
  readonly timeHigh: number;
}

const NONE: ReadonlySet<string> = new Set();

interface Draft {
  buys: Tokens;
  sells: Tokens;
  idLow: Bound | undefined;
  idHigh: Bound | undefined;
  timeLow: number;
  timeHigh: number;
}

/** Undefined where a clause is about something else. */
export function selectionOf(filter: Filter): Selection | undefined {
  const draft: Draft = {
    buys: 'all',
    sells: 'all',
    idLow: undefined,
    idHigh: undefined,
    timeLow: 0,
    timeHigh: Number.MAX_SAFE_INTEGER,
  };
  for (const clause of filter) {
    if (!applyClause(draft, clause)) return undefined;
  }
  return draft;
}

function applyClause(draft: Draft, clause: Clause): boolean {
  if ('any' in clause) return applyAny(draft, clause.any);
  switch (clause.column) {
    case 'id':
      return applyId(draft, clause);
    case 'timestamp':
      return applyTime(draft, clause);
    case 'makerAssetId':
      return applyAsset(draft, clause, 'maker');
    case 'takerAssetId':
      return applyAsset(draft, clause, 'taker');
    default:
      return false;
  }
}

/** A union of token sets; branches with ranges of their own are not one selection. */
function applyAny(draft: Draft, branches: readonly Filter[]): boolean {
  if (branches.length === 0) return true;
  let buys: Tokens = NONE;
  let sells: Tokens = NONE;
  for (const branch of branches) {
    const part = selectionOf(branch);
    if (!part || part.idLow || part.idHigh || part.timeLow > 0 || part.timeHigh < Number.MAX_SAFE_INTEGER) return false;
    buys = union(buys, part.buys);
    sells = union(sells, part.sells);
  }
  draft.buys = intersect(draft.buys, buys);
  draft.sells = intersect(draft.sells, sells);
  return true;
}

function applyId(draft: Draft, { operator, value }: Test): boolean {
  if (typeof value !== 'string') return false;
  const inclusive = operator === '' || operator === '_gte' || operator === '_lte';
  if (operator === '' || operator === '_gt' || operator === '_gte') {
    const order = draft.idLow ? compareText(value, draft.idLow.text) : 1;
    if (order > 0 || (order === 0 && !inclusive)) draft.idLow = { text: value, inclusive };
  }
  if (operator === '' || operator === '_lt' || operator === '_lte') {
    const order = draft.idHigh ? compareText(value, draft.idHigh.text) : -1;
    if (order < 0 || (order === 0 && !inclusive)) draft.idHigh = { text: value, inclusive };
  }
  return operator !== '_not' && operator !== '_in' && operator !== '_not_in';
}

function applyTime(draft: Draft, { operator, value }: Test): boolean {
  const time = Number(value);
  if (value === null || !Number.isSafeInteger(time)) return false;
  if (operator === '_gt') draft.timeLow = Math.max(draft.timeLow, time + 1);
  else if (operator === '_gte') draft.timeLow = Math.max(draft.timeLow, time);
  else if (operator === '_lt') draft.timeHigh = Math.min(draft.timeHigh, time - 1);
  else if (operator === '_lte') draft.timeHigh = Math.min(draft.timeHigh, time);
  else if (operator === '') {
    draft.timeLow = Math.max(draft.timeLow, time);
    draft.timeHigh = Math.min(draft.timeHigh, time);
  } else return false;
  return true;
}

/** A buy's maker asset and a sell's taker asset is "0"; the other one is the token. */
function applyAsset(draft: Draft, { operator, value }: Test, column: 'maker' | 'taker'): boolean {
  const collateral = column === 'maker' ? 'buys' : 'sells';
  const token = column === 'maker' ? 'sells' : 'buys';
  if (operator === '' || operator === '_in') {
    const wanted = new Set(operator === '' ? [value as string] : (value as string[]));
    if (!wanted.has('0')) draft[collateral] = NONE;
    draft[token] = intersect(draft[token], wanted);
    return true;
  }
  if (operator === '_not' || operator === '_not_in') {
    const unwanted = operator === '_not' ? [value as string] : (value as string[]);
    if (unwanted.some((one) => one !== '0')) return false;
    if (unwanted.length > 0) draft[collateral] = NONE;
    return true;
  }
  // `makerAssetId_gt: "0"` is another way to say *not collateral*.
  if (operator === '_gt' && value === '0') {
    draft[collateral] = NONE;
    return true;
  }
  return false;
}

function union(a: Tokens, b: Tokens): Tokens {
  if (a === 'all' || b === 'all') return 'all';
  return a.size === 0 ? b : b.size === 0 ? a : new Set([...a, ...b]);
}

function intersect(a: Tokens, b: Tokens): Tokens {
  if (a === 'all') return b;
  if (b === 'all') return a;
  return new Set([...a].filter((token) => b.has(token)));
}
