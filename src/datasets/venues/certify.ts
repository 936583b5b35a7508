/** What a run proves about a venue, as rows of `certificates`. */
import { loadSql } from '../../clickhouse/sql.js';
import type { Target } from '../../clickhouse/target.js';
import type { Failure } from '../../core/failure.js';
import type { Venue } from './model.js';
import type { AnyChain } from './parts.js';
import type { ChainProgress } from './reader.js';
import { type IngestRun, timeText } from './store.js';

export interface Check {
  readonly check: string;
  readonly expected: number | null;
  readonly found: number | null;
  readonly passed: boolean;
  /** Whether the venue is incomplete without it. */
  readonly required: boolean;
  readonly detail: string;
}

export interface Evidence {
  readonly run: IngestRun;
  readonly chains: readonly AnyChain[];
  readonly progress: ReadonlyMap<string, ChainProgress>;
  readonly failures: readonly { readonly chain: string; readonly failure: Failure }[];
  /** Everything was asked for, not a choice or a change: totals and crossings hold. */
  readonly whole: boolean;
  /** Names that a list of names has and that were found nowhere; null where the venue has no such list. */
  readonly unnamed: { readonly listed: number; readonly absent: number } | null;
  /** Markets that events list and that were found nowhere; null where that was not crossed. */
  readonly unlisted: number | null;
}

export async function certify(target: Target, evidence: Evidence): Promise<Check[]> {
  const { run, whole } = evidence;
  const params = { venue: run.venue, since: timeText(run.startedMs) };
  const [counts] = await target.query<Record<'markets' | 'events_named' | 'events_found', string>>(
    loadSql('venues/counts-of-run'),
    { params, purpose: `counting what was seen of ${run.venue}` },
  );
  const markets = Number(counts?.markets ?? 0);
  const [named, found] = [Number(counts?.events_named ?? 0), Number(counts?.events_found ?? 0)];
  const totals = whole ? await totalsOf(target, evidence, params.since) : [];
  return [
    ...chainChecks(evidence),
    { check: 'markets', expected: markets, found: markets, passed: true, required: true, detail: 'seen by this run' },
    count('events that markets name', named, found, 'present'),
    ...totals,
    ...(evidence.unnamed === null
      ? []
      : [count('list of names', evidence.unnamed.listed, evidence.unnamed.listed - evidence.unnamed.absent, 'found')]),
    ...(evidence.unlisted === null
      ? []
      : [count('markets that only events list', 0, evidence.unlisted, 'in no list of markets')]),
  ];
}

function chainChecks({ chains, progress, failures }: Evidence): Check[] {
  const failed = new Map(failures.map(({ chain, failure }) => [chain, failure]));
  const groups = new Map<string, Check[]>();
  for (const chain of chains) {
    const at = progress.get(chain.name);
    const failure = failed.get(chain.name);
    const ended = at?.endedBy ?? null;
    const detail = failure?.message ?? (ended === null ? 'not ended' : `ended by: ${ended}; cursors seen once`);
    const check: Check = {
      check: `pages of ${chain.name}`,
      expected: null,
      found: at?.pages ?? 0,
      passed: ended !== null && failure === undefined,
      required: true,
      detail,
    };
    // Hundreds of single requests are one check.
    const name = chain.name.split('/')[0] as string;
    const group =
      chain.kind === 'markets' || chain.kind === 'events' || chain.kind === 'ids' ? chain.name : `${name}/…`;
    groups.set(group, [...(groups.get(group) ?? []), check]);
  }
  const rejected = chains.reduce((sum, { name }) => sum + (progress.get(name)?.rejected ?? 0), 0);
  return [
    ...[...groups].map(([group, checks]) => (checks.length === 1 ? (checks[0] as Check) : together(group, checks))),
    count('records that could not be read', 0, rejected, 'see the table anomalies'),
  ];
}

function together(group: string, checks: readonly Check[]): Check {
  const passed = checks.filter((check) => check.passed);
  const detail = checks.find((check) => !check.passed)?.detail ?? 'each ended by its own marker';
  return { ...count(`chains of ${group}`, checks.length, passed.length, detail) };
}

/** Totals that a venue gives, against the different rows that were read. */
async function totalsOf(target: Target, { run, chains, progress }: Evidence, since: string): Promise<Check[]> {
  const checks: Check[] = [];
  for (const chain of chains) {
    const total = progress.get(chain.name)?.total ?? null;
    if (total === null) continue;
    const [row] = await target.query<{ rows: string }>(loadSql('venues/rows-of-listing'), {
      params: { venue: run.venue, endpoint: chain.endpoint, since },
      purpose: `counting the rows of ${chain.name}`,
    });
    const rows = Number(row?.rows ?? 0);
    // Rows that came or went while the pages were read make more rows than the last total, never fewer.
    checks.push({ ...count(`total of ${chain.name}`, total, rows, 'different rows'), passed: rows >= total });
  }
  return checks;
}

function count(check: string, expected: number, found: number, detail: string): Check {
  return { check, expected, found, passed: expected === found, required: true, detail };
}

export async function saveChecks(
  target: Target,
  run: IngestRun,
  checks: readonly Check[],
  nowMs: number,
): Promise<void> {
  const rows = checks.map((check) => ({ run: run.run, venue: run.venue as Venue, ...check, at: timeText(nowMs) }));
  await target.insertRows('certificates', rows, { insertMode: 'sync', purpose: `certifying ${run.venue}` });
}
