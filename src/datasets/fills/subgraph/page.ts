/**
 * One page request: ask, check the shape, check that the page is what was asked for, say how each lane goes on.
 */
import { z } from 'zod';
import { cutMessage, failed } from '../../../core/failure.js';
import type { SourceClient } from '../../../sources/subgraph/client.js';
import type { Range } from '../plan/chunk.js';
import { rangeContains } from '../plan/ranges.js';
import type { Segment } from '../plan/segment.js';
import { advance, timeCut, windowOf } from '../plan/segments.js';
import { FIELD, type FillSource, FillTexts } from './fill-texts.js';
import { assetOf, LANE_KEYS, type LaneRequest, orderOf, pageQuery } from './queries.js';

/** A row that is not even made of strings: kept as it came, with the reason. */
export interface MalformedRow {
  readonly reason: string;
  readonly row: unknown;
}

export interface LanePage {
  readonly rows: FillTexts;
  readonly malformed: readonly MalformedRow[];
  /** What the lane still has to read: nothing when it ended, two segments after a crowded second. */
  readonly next: readonly Segment[];
}

export interface PageOptions {
  /** The pinned block, or null to read the head. */
  readonly block: number | null;
  readonly pageRows: number;
  readonly signal?: AbortSignal;
}

const fillSchema = z.object({
  id: z.string(),
  timestamp: z.string(),
  maker: z.string(),
  taker: z.string(),
  makerAssetId: z.string(),
  takerAssetId: z.string(),
  makerAmountFilled: z.string(),
  takerAmountFilled: z.string(),
  fee: z.string(),
});
/** Shape only (0.05 µs a row); the encoder checks contents while it converts (with regexes here: 1.04). */
const pageSchema = z.array(fillSchema);
const looseSchema = z.array(z.looseObject({ id: z.string() }));

/** One or two segments' next pages, in order. Throws FailureError. */
export async function fetchPage(
  client: SourceClient,
  segments: readonly Segment[],
  options: PageOptions,
): Promise<LanePage[]> {
  if (segments.length === 0 || segments.length > LANE_KEYS.length) {
    throw failed('terminal', 'bug', `a page request has one or two lanes, not ${segments.length}`);
  }
  const lanes = segments.map((segment) => ({ segment, window: windowOf(segment, options.pageRows) }));
  const { document, variables } = pageQuery(lanes, options.block, options.pageRows);
  const data = await client.request(document, variables, options.signal);
  return lanes.map((lane, i) => readLane(lane, data[LANE_KEYS[i] as string], options.pageRows));
}

/** Checks a lane's rows against what was asked. Throws FailureError `bad_page`, or `bad_response` for no list of rows. */
export function readLane(lane: LaneRequest, value: unknown, pageRows: number): LanePage {
  if (!(value instanceof FillTexts)) return readAny(lane, value, pageRows, FillTexts.of);
  // Where it is not as asked, the long way finds out why, and says so.
  return (
    readAsAsked(lane, value, pageRows) ?? readAny(lane, value.rows(), pageRows, (rows) => value.first(rows.length))
  );
}

/** A page whatever its rows are; `textsOf` makes texts of the rows that are kept, which come in the order of the page. */
function readAny(
  lane: LaneRequest,
  value: unknown,
  pageRows: number,
  textsOf: (rows: readonly FillSource[]) => FillTexts,
): LanePage {
  const byId = orderOf(lane.window) === 'id';
  const { rows, malformed, ids, times } = readRows(value, !byId);
  const count = rows.length + malformed.length;
  if (count > pageRows) throw badPage(lane, `${count} rows where at most ${pageRows} were asked for`);
  if (byId) checkIds(lane, ids);
  for (const row of rows) checkRow(lane, row);
  const full = count >= pageRows;
  if (byId) {
    const next = advance(lane.segment, lane.window, { rows: count, full, lastId: ids.at(-1) ?? null }, pageRows);
    return { rows: textsOf(rows), malformed, next };
  }
  if (times === null) throw badPage(lane, 'a row without a time in a page ordered by time');
  checkTimes(lane, ids, times);
  if (!full) return { rows: textsOf(rows), malformed, next: [] };
  const cut = timeCut(lane.segment, times);
  if (malformed.length === 0) return { rows: textsOf(rows.slice(0, cut.keep)), malformed, next: cut.next };
  const kept = new Set(ids.slice(0, cut.keep));
  return {
    rows: textsOf(rows.filter((row) => kept.has(row.id))),
    malformed: malformed.filter(({ row }) => kept.has((row as { id: string }).id)),
    next: cut.next,
  };
}

/** The same for rows that are texts, over their bytes and without a word about what is wrong: null when something is. */
function readAsAsked(lane: LaneRequest, rows: FillTexts, pageRows: number): LanePage | null {
  const { segment, window } = lane;
  const { length } = rows;
  const byId = orderOf(window) === 'id';
  const times = window.axis === 'time' ? rows.seconds() : [];
  if (length > pageRows || times === null || !isInside(lane, rows, byId) || !areInside(window, times)) return null;
  const full = length >= pageRows;
  if (byId) {
    const next = advance(segment, window, { rows: length, full, lastId: rows.text(length - 1, 'id') }, pageRows);
    return { rows, malformed: [], next };
  }
  if (!ascend(times) || new Set(rows.texts('id')).size !== length) return null;
  if (!full) return { rows, malformed: [], next: [] };
  const cut = timeCut(segment, times);
  return { rows: rows.first(cut.keep), malformed: [], next: cut.next };
}

const ID = FIELD.id;

/** Whether ids and assets are what was asked for: `checkIds` and `checkRow`. */
function isInside({ segment, window }: LaneRequest, rows: FillTexts, byId: boolean): boolean {
  const { length, bytes } = rows;
  if (byId) {
    const first = rows.text(0, 'id');
    if (segment.cursor !== null && first <= segment.cursor) return false;
    const ends = [first, rows.text(length - 1, 'id')];
    if (window.axis === 'id' && !ends.every((id) => rangeContains(window, id))) return false;
  }
  const asked = segment.tokens === null ? null : tokenSet(segment.tokens);
  const asset = FIELD[asked === null ? 'makerAssetId' : assetOf(segment.side)];
  for (let at = 0; at < length; at++) {
    if (
      byId &&
      at > 0 &&
      !isBefore(bytes, rows.start(at - 1, ID), rows.end(at - 1, ID), rows.start(at, ID), rows.end(at, ID))
    ) {
      return false;
    }
    const text = rows.asset(at, asset);
    if (asked === null ? (text === '0') !== (segment.side === 'buy') : !asked.has(text)) return false;
  }
  return true;
}

/** Bytewise, which is how ids are ordered. */
function isBefore(bytes: Uint8Array, a: number, aEnd: number, b: number, bEnd: number): boolean {
  for (; a < aEnd && b < bEnd; a++, b++) {
    const difference = (bytes[a] as number) - (bytes[b] as number);
    if (difference !== 0) return difference < 0;
  }
  return b < bEnd;
}

function areInside({ from, to }: Range, times: readonly number[]): boolean {
  const [first, end] = [from === null ? 0 : Number(from), to === null ? Number.POSITIVE_INFINITY : Number(to)];
  return times.every((time) => time >= first && time < end);
}

function ascend(times: readonly number[]): boolean {
  return times.every((time, i) => i === 0 || time >= (times[i - 1] as number));
}

interface Rows {
  readonly rows: FillSource[];
  readonly malformed: MalformedRow[];
  /** Of all rows, malformed ones included, as served. */
  readonly ids: string[];
  /** Unix seconds of all rows; null where one has none, or where they are not wanted. */
  readonly times: number[] | null;
}

function readRows(value: unknown, wantTimes: boolean): Rows {
  const page = pageSchema.safeParse(value);
  if (page.success)
    return {
      rows: page.data,
      malformed: [],
      ids: page.data.map(({ id }) => id),
      times: wantTimes ? timesOf(page.data) : null,
    };
  const loose = looseSchema.safeParse(value);
  if (!loose.success) {
    const issue = loose.error.issues[0];
    throw failed(
      'transient',
      'bad_page',
      `a page that is no list of fills: ${issue?.path.join('.')} ${issue?.message}`,
    );
  }
  const rows: FillSource[] = [];
  const malformed: MalformedRow[] = [];
  for (const raw of loose.data) {
    const row = fillSchema.safeParse(raw);
    if (row.success) rows.push(row.data);
    else {
      const issue = row.error.issues[0];
      malformed.push({ reason: cutMessage(`${issue?.path.join('.')}: ${issue?.message}`), row: raw });
    }
  }
  return { rows, malformed, ids: loose.data.map(({ id }) => id), times: wantTimes ? timesOf(loose.data) : null };
}

function timesOf(
  rows: readonly Readonly<Record<'timestamp', unknown>>[] | readonly Record<string, unknown>[],
): number[] | null {
  const times = rows.map(({ timestamp }) =>
    typeof timestamp === 'string' && /^\d{1,12}$/.test(timestamp) ? Number(timestamp) : Number.NaN,
  );
  return times.some(Number.isNaN) ? null : times;
}

/** Strictly ascending after the cursor and inside the window: then nothing is doubled, skipped or foreign. */
function checkIds({ segment, window }: LaneRequest, ids: readonly string[]): void {
  let last = segment.cursor;
  for (const id of ids) {
    if (last !== null && id <= last) throw badPage({ segment, window }, `id ${id} after ${last}`);
    if (window.axis === 'id' && !rangeContains(window, id)) throw badPage({ segment, window }, `id ${id} out of range`);
    last = id;
  }
}

function checkTimes(lane: LaneRequest, ids: readonly string[], times: readonly number[]): void {
  if (new Set(ids).size !== ids.length) throw badPage(lane, 'an id twice');
  for (let i = 1; i < times.length; i++) {
    if ((times[i] as number) < (times[i - 1] as number)) throw badPage(lane, `time ${times[i]} after ${times[i - 1]}`);
  }
}

/** Large `_in` lists meet every row of every page: look tokens up in a set made once for each list. */
const tokenSets = new WeakMap<readonly string[], Set<string>>();

function tokenSet(tokens: readonly string[]): Set<string> {
  let set = tokenSets.get(tokens);
  if (set === undefined) {
    set = new Set(tokens);
    tokenSets.set(tokens, set);
  }
  return set;
}

function checkRow(lane: LaneRequest, row: FillSource): void {
  const { side, tokens } = lane.segment;
  if (tokens === null) {
    if ((row.makerAssetId === '0') !== (side === 'buy')) throw badPage(lane, `fill ${row.id} is of the other side`);
  } else {
    const asset = row[assetOf(side)];
    if (!tokenSet(tokens).has(asset)) throw badPage(lane, `fill ${row.id} of token ${asset}, which was not asked for`);
  }
  if (lane.window.axis === 'time' && !rangeContains(lane.window, row.timestamp)) {
    throw badPage(lane, `fill ${row.id} at ${row.timestamp} out of range`);
  }
}

function badPage({ segment, window }: { segment: Segment; window: Range }, what: string) {
  const tokens = segment.tokens === null ? 'all tokens' : `${segment.tokens.length} tokens`;
  const range = `${window.axis} ${window.from ?? ''}..${window.to ?? ''}`;
  return failed(
    'transient',
    'bad_page',
    `the source sent a wrong page: ${what} (asked for ${segment.side}s of ${tokens}, ${range})`,
  );
}
