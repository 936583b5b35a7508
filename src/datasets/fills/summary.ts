import { EXIT, ExitError } from '../../core/exit.js';
import { formatBytes, formatCount, formatDuration, formatMicros } from '../../report/format.js';
import type { StepContext } from '../../report/step.js';
import { renderFacts, renderTable } from '../../report/table.js';
import { size } from '../../run/intervals.js';
import type { FillsResult } from './fills-step.js';

/** The end of a sitting as data: `report.json`, `--json`, and the block on the terminal say the same. */
export interface FillsReport {
  readonly run: string;
  readonly block: number;
  readonly pinned: boolean;
  readonly unpinnedWhy: string | null;
  readonly complete: boolean;
  readonly markets: { readonly planned: number; readonly done: number };
  readonly chunks: { readonly planned: number; readonly done: number; readonly failed: number };
  readonly rows: { readonly expected: number; readonly loaded: number; readonly rejected: number };
  /** Tokens whose counts the source serves malformed: loaded beside the rows that are expected. */
  readonly uncounted: readonly string[];
  readonly usdc: { readonly expected: string };
  /** Planning included. */
  readonly requests: { readonly expected: number; readonly made: number; readonly per1000Rows: number | null };
  readonly throttled: number;
  readonly retries: number;
  readonly sittings: number;
  readonly activeMs: number;
  /** Of this sitting; null when there was nothing to do. */
  readonly sitting: {
    readonly rows: number;
    readonly requests: number;
    readonly wallMs: number;
    readonly rowsPerS: number;
    readonly cpuMicrosPerRow: number | null;
    readonly peakMemoryBytes: number;
    readonly shares: { readonly sourceMs: number; readonly decodeMs: number; readonly targetMs: number };
  } | null;
  readonly missing: readonly MissingChunk[];
}

/** A chunk that could not be loaded, and whose fills are missing. */
export interface MissingChunk {
  readonly chunk: string;
  readonly code: string;
  readonly message: string;
  readonly attempts: number;
  readonly markets: readonly string[];
}

export function fillsReport(result: FillsResult): FillsReport {
  const { checkpoint: c, frozen, figures } = result;
  const doneChunks = size(c.done);
  const usdcMicros = frozen.plan.tokens.reduce((sum, t) => sum + BigInt(t.buyMicros) + BigInt(t.sellMicros), 0n);
  return {
    run: c.run,
    block: c.block,
    pinned: c.pinned,
    unpinnedWhy: c.unpinnedWhy,
    complete: doneChunks === c.chunks && c.rejected === 0,
    markets: { planned: c.markets, done: c.marketsDone },
    chunks: { planned: c.chunks, done: doneChunks, failed: c.failed.length },
    rows: { expected: c.expectedRows, loaded: c.rows, rejected: c.rejected },
    uncounted: c.uncounted,
    usdc: { expected: formatMicros(usdcMicros) },
    requests: {
      expected: c.expectedRequests,
      made: c.requests,
      per1000Rows: c.rows > 0 ? (c.requests / c.rows) * 1000 : null,
    },
    throttled: c.throttled,
    retries: c.retries,
    sittings: c.sittings,
    activeMs: c.activeMs,
    sitting: figures && {
      rows: figures.rows,
      requests: figures.requests,
      wallMs: figures.wallMs,
      rowsPerS: figures.rows / Math.max(0.001, figures.wallMs / 1000),
      cpuMicrosPerRow: figures.rows > 0 ? (figures.cpuMs * 1000) / figures.rows : null,
      peakMemoryBytes: process.resourceUsage().maxRSS * 1024,
      shares: { sourceMs: figures.sourceMs, decodeMs: figures.decodeMs, targetMs: figures.targetMs },
    },
    missing: missingChunks(result),
  };
}

function missingChunks({ checkpoint, frozen }: FillsResult): MissingChunk[] {
  const { plan, markets: marketOf } = frozen;
  return checkpoint.failed.map(({ ordinal, name, code, message, attempts }) => {
    const pack = plan.chunks[ordinal]?.pack;
    const tokens = pack == null ? [] : (plan.packs[pack]?.lanes.flatMap((lane) => lane.tokens) ?? []);
    const markets = new Set(tokens.map((index) => marketOf[index] || (plan.tokens[index]?.token ?? '')));
    return { chunk: name, code, message, attempts, markets: [...markets] };
  });
}

/** How many lines of a list a person reads. */
const SHOWN = 10;

export function renderFillsReport(r: FillsReport): string {
  const s = r.sitting;
  const facts: [string, string][] = [
    ['run', `${r.run}, ${r.pinned ? `pinned at block ${formatCount(r.block)}` : `unpinned (${r.unpinnedWhy})`}`],
    ['markets', `${formatCount(r.markets.done)} of ${formatCount(r.markets.planned)}`],
    [
      'chunks',
      `${formatCount(r.chunks.done)} of ${formatCount(r.chunks.planned)}${r.chunks.failed > 0 ? `, ${r.chunks.failed} failed` : ''}`,
    ],
    ['rows', `${formatCount(r.rows.loaded)} of ${formatCount(r.rows.expected)} the source counts`],
    [
      'requests',
      `${formatCount(r.requests.made)}, ${r.requests.per1000Rows?.toFixed(3) ?? '–'} per 1,000 rows (planned: ${formatCount(r.requests.expected)} for pages)`,
    ],
    ['retries', `${formatCount(r.retries)}, throttled ${formatCount(r.throttled)}`],
    ['time', `${formatDuration(r.activeMs)} in ${r.sittings} ${r.sittings === 1 ? 'sitting' : 'sittings'}`],
  ];
  if (r.uncounted.length > 0) {
    const names = r.uncounted.slice(0, 2).join(', ');
    facts.push(['uncounted', `${formatCount(r.uncounted.length)} tokens whose counts cannot be read: ${names}`]);
  }
  if (r.rows.rejected > 0) facts.push(['rejected', `${formatCount(r.rows.rejected)} rows, kept in rejected.ndjson`]);
  if (s) {
    facts.push(
      ['pace', `${formatCount(Math.round(s.rowsPerS))} rows/s`],
      ['CPU', `${s.cpuMicrosPerRow?.toFixed(2) ?? '–'} µs a row`],
      ['memory', `${formatBytes(s.peakMemoryBytes)} at most`],
    );
  }
  const blocks = [renderFacts(facts)];
  if (r.missing.length > 0) {
    const rows = r.missing
      .slice(0, SHOWN)
      .map((m) => [
        m.chunk,
        m.code,
        String(m.attempts),
        `${m.markets.length}: ${m.markets.slice(0, 2).join(', ')}${m.markets.length > 2 ? ', …' : ''}`,
      ]);
    blocks.push(`Missing (${r.missing.length} chunks; all of them in report.json):`);
    blocks.push(renderTable(['chunk', 'failure', 'attempts', 'markets'], rows, [2]));
  }
  return blocks.join('\n');
}

/** Durable beside the checkpoint, and printed. */
export function reportFills(step: StepContext, result: FillsResult): FillsReport {
  const report = fillsReport(result);
  result.folder.writeJson(result.folder.reportPath, { fills: report, checkpoint: result.checkpoint });
  step.out.text(renderFillsReport(report));
  return report;
}

/** Throws ExitError(2) when chunks are left over or rows were rejected, more of them than are accepted. */
export function endOfFills(result: FillsResult, report: FillsReport, acceptRejected = 0): void {
  const { failed, rejected } = { failed: report.chunks.failed, rejected: report.rows.rejected };
  if (failed === 0 && rejected <= acceptRejected) return;
  const parts = [
    failed > 0 ? `${failed} chunks could not be loaded` : '',
    rejected > 0 ? `${rejected} rows could not be decoded` : '',
  ].filter((part) => part !== '');
  throw new ExitError(
    EXIT.leftOver,
    `${parts.join(' and ')}; everything else is in staging`,
    failed > 0
      ? `run the same command again: it tries only what is left (${result.folder.reportPath} lists it by market)`
      : `look at ${result.folder.rejectedPath}; verify --accept-rejected ${rejected} lets them pass`,
  );
}
