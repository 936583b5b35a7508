import type { Work } from '../../../clickhouse/heavy.js';
import { type Finding, finding, type RawFigures } from '../../../core/finding.js';
import { formatCount } from '../../../report/format.js';
import type { TokenCount } from '../plan/chunk.js';
import type { Side } from '../plan/segment.js';
import { type CountsFound, differs, type Lane, MAX_DIFFERING_TOKENS } from './compare-counts.js';
import { type CountSource, laneKey, type Served } from './count-source.js';
import type { RejectedRows } from './rejected.js';
import { readServed } from './reread.js';

const RECOUNT_TOKENS = 500;

export interface SourceShort {
  readonly token: string;
  readonly side: Side;
  readonly countedRows: number;
  readonly servedRows: number;
  readonly countedMicros: string;
  readonly servedMicros: string;
}

export interface CountsOutcome {
  readonly gates: Finding[];
  readonly short: SourceShort[];
}

/**
 * Judges what differs by reading it again from the source: where it serves fewer distinct fills than it counts, and staging holds
 * exactly those, the source is short, not staging.
 */
export async function countsGate(
  work: Work,
  found: CountsFound,
  options: {
    run: string;
    pinned: boolean;
    rejected: RejectedRows;
    /** Opened only when something differs or has no count. */
    openSource?: (() => Promise<CountSource>) | undefined;
  },
): Promise<CountsOutcome> {
  if (found.tokens + found.differing === 0) {
    return { gates: [finding('counts', 'failed', { tokens: 0, differing: 0, run: options.run })], short: [] };
  }
  const all = { tokens: found.tokens, fills: found.rows, micros: found.micros, differing: found.differing };
  if (found.differing === 0) return { gates: [finding('counts', 'passed', all)], short: [] };
  const lanes = found.lanes.filter((lane) => !excusedByRejected(lane, options.rejected));
  const { wrong, short } = await judge(work, lanes, found.differing > MAX_DIFFERING_TOKENS, options);
  const uncounted = new Set(lanes.filter((lane) => lane.uncounted).map(({ token }) => token));
  const gates = [
    finding(
      'counts',
      wrong.length === 0 ? 'passed' : 'failed',
      { ...all, wrong: wrong.length, short: short.length },
      wrong,
    ),
  ];
  if (short.length > 0) gates.push(shortGate(short, found.micros));
  if (uncounted.size > 0 && wrong.length === 0) gates.push(uncountedGate(uncounted));
  return { gates, short };
}

/** A lane that is not short of rows is wrong whatever the source says. Where there is one, or nearly everything differs, reading again would prove nothing. */
async function judge(
  work: Work,
  lanes: readonly Lane[],
  tooMany: boolean,
  options: { pinned: boolean; rejected: RejectedRows; openSource?: (() => Promise<CountSource>) | undefined },
): Promise<{ wrong: RawFigures[]; short: SourceShort[] }> {
  const surely = lanes.filter(
    (lane) => options.pinned && !lane.uncounted && (!lane.known || lane.heldRows >= lane.countedRows),
  );
  if (surely.length > 0 || tooMany || options.openSource === undefined) {
    // Of what has no count nothing is known then.
    const rest = lanes.filter((lane) => !surely.includes(lane) && (surely.length === 0 || !lane.uncounted));
    return { wrong: [...surely, ...rest].map((lane) => describe(lane)), short: [] };
  }
  return readAgain(work, await options.openSource(), lanes, options);
}

function excusedByRejected(lane: Lane, rejected: RejectedRows): boolean {
  const known = rejected.lanes.get(laneKey(lane.token, lane.side));
  if (known === undefined || lane.heldRows + known.rows !== lane.countedRows) return false;
  return known.micros === null || lane.heldMicros + known.micros === lane.countedMicros;
}

async function readAgain(
  work: Work,
  source: CountSource,
  lanes: readonly Lane[],
  { pinned, rejected }: { pinned: boolean; rejected: RejectedRows },
): Promise<{ wrong: RawFigures[]; short: SourceShort[] }> {
  work.log.info(
    `${formatCount(lanes.length)} sides of tokens differ from the source's counts, or have none: reading them again`,
  );
  const counted = lanes.filter((lane) => !lane.uncounted).map(({ token }) => token);
  const recounted = pinned ? undefined : await recount(source, [...new Set(counted)]);
  // An unpinned source may have moved on since the plan: then its present count is the one to meet.
  const present = lanes
    .map((lane) => withCount(lane, recounted?.get(lane.token)))
    .filter((lane) => differs(lane) || !lane.known);
  const expected = present.map((lane) => (lane.uncounted ? { ...lane, countedRows: lane.heldRows } : lane));
  const served = await readServed(work, source, expected, rejected.ids);
  const wrong: RawFigures[] = [];
  const short: SourceShort[] = [];
  for (const lane of present) {
    const found = served.get(laneKey(lane.token, lane.side)) as Served | string;
    if (typeof found === 'string') {
      wrong.push(describe(lane, { unreadable: found }));
      continue;
    }
    const heldAsServed =
      found.rows === lane.heldRows + found.aside.rows && found.micros === lane.heldMicros + found.aside.micros;
    if (heldAsServed && lane.uncounted) continue;
    if (heldAsServed && found.rows < lane.countedRows && lane.known) {
      short.push({
        token: lane.token,
        side: lane.side,
        countedRows: lane.countedRows,
        servedRows: found.rows,
        countedMicros: lane.countedMicros.toString(),
        servedMicros: found.micros.toString(),
      });
    } else if (!heldAsServed || !excusedByAside(lane, found)) {
      wrong.push(describe(lane, { servedRows: found.rows, servedMicros: found.micros }));
    }
  }
  return { wrong, short: short.sort((a, b) => b.countedRows - b.servedRows - (a.countedRows - a.servedRows)) };
}

/** All that is missing are rejected rows that the source serves: what it counts is then there, as far as their amounts can be read. */
function excusedByAside(lane: Lane, { rows, micros, aside }: Served): boolean {
  return aside.rows > 0 && rows === lane.countedRows && (aside.unreadable > 0 || micros === lane.countedMicros);
}

async function recount(source: CountSource, tokens: readonly string[]): Promise<Map<string, TokenCount>> {
  const counts = new Map<string, TokenCount>();
  for (let from = 0; from < tokens.length; from += RECOUNT_TOKENS) {
    for (const count of await source.recount(tokens.slice(from, from + RECOUNT_TOKENS))) counts.set(count.token, count);
  }
  return counts;
}

function withCount(lane: Lane, counted: TokenCount | undefined): Lane {
  if (counted === undefined) return lane;
  const buy = lane.side === 'buy';
  return {
    ...lane,
    countedRows: buy ? counted.buys : counted.sells,
    countedMicros: BigInt(buy ? counted.buyMicros : counted.sellMicros),
  };
}

/** @param served what the source was seen to serve, or why that cannot be read */
function describe(lane: Lane, served: RawFigures = {}): RawFigures {
  const { side, token, heldRows, heldMicros, countedRows, countedMicros } = lane;
  const counted = lane.known ? 'yes' : lane.uncounted ? 'unreadable' : 'no';
  return { side, token, heldRows, heldMicros, counted, countedRows, countedMicros, ...served };
}

function uncountedGate(tokens: ReadonlySet<string>): Finding {
  return finding(
    'uncounted',
    'warned',
    { tokens: tokens.size },
    [...tokens].map((token) => ({ token })),
  );
}

function shortGate(short: readonly SourceShort[], micros: bigint): Finding {
  const fills = short.reduce((sum, s) => sum + s.countedRows - s.servedRows, 0);
  const missing = short.reduce((sum, s) => sum + BigInt(s.countedMicros) - BigInt(s.servedMicros), 0n);
  return finding(
    'source_short',
    'warned',
    { fills, sides: short.length, micros: missing, ofMicros: micros },
    short.map(({ side, token, countedRows, servedRows }) => ({ side, token, countedRows, servedRows })),
  );
}
