/** What measured points say about how a cost grows, in words: pure, and no more than the points bear out. */
import { formatBytes, formatCount, formatDuration } from '../../src/report/format.js';
import { type Measured, requestsPer1000 } from './measure.js';

export interface Point extends Measured {
  /** What the curve varies: fills, workers, tokens, rows; the place in the list where it is no number. */
  readonly x: number;
  readonly label: string;
  readonly diskBytes: number;
}

const SAME_WITHIN = 0.05;

/** `12 MB at 1 M, 40 MB at 37 M`. */
function ends(points: readonly Point[], text: (point: Point) => string): string {
  const [first, last] = [points[0], points.at(-1)] as [Point, Point];
  return first === last
    ? `${text(first)} at ${first.label}`
    : `${text(first)} at ${first.label}, ${text(last)} at ${last.label}`;
}

/** The least-squares line of y over x. Undefined for fewer than two different x. */
export function fitLine(
  points: readonly (readonly [x: number, y: number])[],
): { at0: number; slope: number } | undefined {
  const meanOf = (values: readonly number[]) => values.reduce((sum, value) => sum + value, 0) / values.length;
  const meanX = meanOf(points.map(([x]) => x));
  const meanY = meanOf(points.map(([, y]) => y));
  const spread = points.reduce((sum, [x]) => sum + (x - meanX) ** 2, 0);
  if (points.length < 2 || spread === 0) return undefined;
  const slope = points.reduce((sum, [x, y]) => sum + (x - meanX) * (y - meanY), 0) / spread;
  return { at0: meanY - slope * meanX, slope };
}

/** Wall time over rows: the line, and how far each point lies from it. */
export function lineShape(points: readonly Point[]): string {
  const line = fitLine(points.map(({ rows, wallMs }) => [rows, wallMs] as const));
  if (line === undefined) return 'one point has no shape';
  const seconds = line.at0 / 1000;
  const formula = `wall = ${seconds.toFixed(1)} s + ${(line.slope * 1000).toFixed(2)} µs a row (least squares)`;
  if (points.length === 2) return `${formula}; two points lie on a line whatever the curve is`;
  const off = points.map(({ label, rows, wallMs }) => {
    const onLine = line.at0 + line.slope * rows;
    return { label, share: onLine > 0 ? wallMs / onLine - 1 : Number.POSITIVE_INFINITY };
  });
  const furthest = off.reduce((a, b) => (Math.abs(b.share) > Math.abs(a.share) ? b : a));
  const others = off.filter((each) => each !== furthest).map(({ label, share }) => `${label} ${besideLine(share)}`);
  return `${formula}; largest deviation ${furthest.label}: ${besideLine(furthest.share)} (${others.join(', ')})`;
}

function besideLine(share: number): string {
  if (!Number.isFinite(share)) return 'where the line is below zero';
  const percent = Math.abs(share) * 100;
  return `${percent.toFixed(percent < 1 ? 1 : 0)} % ${share < 0 ? 'below' : 'above'} the line`;
}

/** CPU a row and memory over the row counts: flat is what a linear cost looks like. */
export function perRowShape(points: readonly Point[]): string {
  const cpu = (ms: number, { rows }: Point) => `${((ms * 1000) / Math.max(1, rows)).toFixed(1)} µs`;
  return [
    `CPU a row of the tool ${ends(points, (p) => cpu(p.cpuMs, p))}`,
    `of ClickHouse ${ends(points, (p) => cpu(p.clickhouseMs, p))}`,
    `memory ${ends(points, (p) => formatBytes(p.peakMemoryBytes))}`,
  ].join('; ');
}

/** Which is fastest, which are as fast, and what the ends cost; `gain`: how much of a straight gain more of x gives. */
export function fastestShape(points: readonly Point[], gain = false): string {
  if (points.length < 2) return 'one point has no shape';
  const best = points.reduce((a, b) => (b.wallMs < a.wallMs ? b : a));
  const alike = points
    .filter((p) => p !== best && p.wallMs <= best.wallMs * (1 + SAME_WITHIN))
    .map(({ label }) => label);
  const slower = points
    .filter((p) => p !== best && !alike.includes(p.label))
    .map((p) => `${p.label} ${(p.wallMs / best.wallMs).toFixed(1)} ×`);
  const parts = [`fastest ${best.label} (${formatDuration(best.wallMs)})`];
  if (alike.length > 0) parts.push(`within ${SAME_WITHIN * 100} % of it ${alike.join(', ')}`);
  if (slower.length > 0) parts.push(`slower ${slower.join(', ')}`);
  if (gain) parts.push(gainOf(points));
  parts.push(`memory ${ends(points, (p) => formatBytes(p.peakMemoryBytes))}`);
  return parts.join('; ');
}

function gainOf(points: readonly Point[]): string {
  const [first, ...others] = points as [Point, ...Point[]];
  const gains = others.map((p) => {
    const speedUp = first.wallMs / p.wallMs;
    return `${p.label} ${speedUp.toFixed(1)} × (${((speedUp / (p.x / first.x)) * 100).toFixed(0)} %)`;
  });
  return `speed over that of ${first.label} and its share of a straight gain: ${gains.join(', ')}`;
}

export function requestsShape(points: readonly Point[]): string {
  if (points.length < 2) return 'one point has no shape';
  const fewest = points.reduce((a, b) => (requestsPer1000(b) < requestsPer1000(a) ? b : a));
  const more = points
    .filter((p) => p !== fewest)
    .map((p) => `${p.label} ${(requestsPer1000(p) / requestsPer1000(fewest)).toFixed(2)} ×`);
  return `fewest requests at ${fewest.label}: ${requestsPer1000(fewest).toFixed(3)} per 1,000 rows, of which the floor is 0.5; more ${more.join(', ')}; wall ${ends(points, (p) => formatDuration(p.wallMs))}`;
}

const PROJECTED_ROWS = 1_200_000_000;
const SOURCE_RPS = 100;

/** 1.2 billion rows at the pace of the largest load, and at the least that the source allows. */
export function projection(points: readonly Point[]): string {
  const largest = points.reduce((a, b) => (b.rows > a.rows ? b : a));
  const rowsPerS = largest.rows / (largest.wallMs / 1000);
  const measuredMs = (PROJECTED_ROWS / rowsPerS) * 1000;
  const floorMs = (PROJECTED_ROWS / 2000 / SOURCE_RPS) * 1000;
  const line = points.length > 2 ? fitLine(points.map(({ rows, wallMs }) => [rows, wallMs] as const)) : undefined;
  const onLine =
    line && line.slope > 0 ? `, ${formatDuration(line.at0 + line.slope * PROJECTED_ROWS)} on the line` : '';
  const diskPerRow = largest.diskBytes / Math.max(1, largest.rows);
  return [
    `${formatCount(PROJECTED_ROWS)} rows, projected:`,
    `  ${formatDuration(measuredMs)} at the ${formatCount(Math.round(rowsPerS))} rows/s of ${largest.label}${onLine}; ${formatDuration(floorMs)} at the floor of the source (rows ÷ 2,000 ÷ ${SOURCE_RPS}/s). The larger of the two counts: ${measuredMs > floorMs ? 'this machine' : 'the source'} is the bound.`,
    `  ${formatBytes(diskPerRow * PROJECTED_ROWS)} of staging at ${diskPerRow.toFixed(0)} B a row.`,
    `  Assumes that the cost of a row stays that of ${formatCount(largest.rows)} rows up to ${formatCount(Math.round(PROJECTED_ROWS / Math.max(1, largest.rows)))} times as many; that tool, ClickHouse and source go on`,
    '  sharing this machine; that merges and disk keep up; that both lanes of every page are full (floor). Loading only: no verify, no P&L.',
  ].join('\n');
}
