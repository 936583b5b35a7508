import { ensureSchema } from '../../clickhouse/schema.js';
import { loadSql } from '../../clickhouse/sql.js';
import type { Target } from '../../clickhouse/target.js';
import { EXIT, ExitError } from '../../core/exit.js';
import { type Failure, FailureError } from '../../core/failure.js';
import type { StepContext } from '../../report/step.js';
import { openLink, type SourceLink, type SourceSettings } from '../../sources/subgraph/link.js';
import { describeMalformed, type Malformed } from '../../sources/subgraph/malformed.js';
import { readMeta } from '../../sources/subgraph/meta.js';
import type { Selection } from '../fills/plan/selection.js';
import { selectKnown } from '../fills/planning.js';
import { readCounts, type SourceCounts } from '../fills/subgraph/counts.js';
import type { Catalogue, MarketNames } from './catalogue.js';
import { type ConditionsRead, readConditions } from './conditions.js';
import { bare, describeTokens, type TokenRow } from './token-map.js';
import { nextVersion, writeMarkets, writeTokens } from './write-tables.js';

export interface MarketsReport {
  readonly tokens: number;
  readonly conditions: number;
  readonly resolved: number;
  /** Tokens with fills whose outcome place no condition gives, and those of which not even the condition is known. */
  readonly withoutOutcome: number;
  readonly unexplained: number;
  readonly unexplainedTokens: readonly string[];
  readonly oddConditions: number;
  /** Conditions that the source serves malformed: their tokens have no outcome place and no payout. */
  readonly setAside: readonly Malformed[];
  readonly named: number;
  readonly requests: number;
  readonly pnlSource: boolean;
}

export interface MarketsOptions {
  readonly source: SourceSettings;
  /** Where conditions are to be had; null where nobody has said. */
  readonly pnlSource: SourceSettings | null;
  readonly catalogue: Catalogue | null;
  /** What a new run will load: refused before anything is made when it is empty. */
  readonly selection?: Selection;
}

/**
 * Reads tokens, conditions and payouts and writes `outcome_tokens` and `markets`; what nothing explains is kept and reported.
 * Throws ExitError(1) for a selection that is empty, FailureError.
 */
export async function loadMarkets(
  step: StepContext,
  target: Target,
  { catalogue, selection, ...sources }: MarketsOptions,
): Promise<MarketsReport> {
  const source = openLink(step, sources.source);
  const known = await atOneBlock(step, source, (block) =>
    readCounts(source.client, { block, retry: source.retry, signal: step.stop }),
  );
  if (selection !== undefined) selectKnown(known, selection);
  const pnl = sources.pnlSource && openLink(step, sources.pnlSource);
  if (pnl === null) step.log.warn('no --pnl-source-url: outcome places and payouts stay unknown');
  const { conditions, malformed } = pnl === null ? NO_CONDITIONS : await conditionsOf(step, pnl);
  for (const one of malformed) step.log.warn(`set aside: ${describeMalformed('condition', one)}`);
  const described = describeTokens(known, conditions);
  for (const note of described.odd.slice(0, 5)) step.log.warn(note);
  await ensureSchema(target);
  const kept = await knownOf(target, malformed);
  const tokens = described.tokens.filter((row) => !kept.tokens.has(row.token_id));
  const version = await nextVersion(target);
  await writeTokens(target, version, tokens);
  const names = await namesFor(target, catalogue);
  if (catalogue && catalogue.repeats > 0)
    step.log.info(`${catalogue.repeats} lines of the catalogue name a market again: dropped`);
  const markets = marketRows(tokens, names).filter(({ condition }) => !kept.conditions.has(condition));
  await writeMarkets(target, version, markets);
  return {
    tokens: described.tokens.length,
    conditions: described.conditions,
    resolved: described.resolved,
    withoutOutcome: described.tokens.filter((row) => row.source === 'orderbook').length,
    unexplained: described.unexplained.length,
    unexplainedTokens: described.unexplained.slice(0, 10),
    oddConditions: described.odd.length,
    setAside: malformed,
    named: names.size,
    requests: source.requests() + (pnl?.requests() ?? 0),
    pnlSource: pnl !== null,
  };
}

interface EndedMarkets extends MarketsReport {
  readonly chain?: { readonly left: readonly { readonly name: string; readonly failure: Failure }[] };
}

const NO_CONDITIONS: ConditionsRead = { conditions: [], malformed: [] };

/** Throws ExitError(2) when conditions were set aside, or blocks left over. `next` says how to try them again. */
export function endOfMarkets({ setAside, chain }: EndedMarkets, next: string): void {
  const [range] = chain?.left ?? [];
  if (range !== undefined) {
    throw new ExitError(
      EXIT.leftOver,
      `${chain?.left.length} ranges of blocks could not be read: ${range.name}: ${range.failure.message}; everything else is loaded`,
      next,
    );
  }
  if (setAside.length === 0) return;
  const names = setAside.slice(0, 3).map(({ id }) => id);
  throw new ExitError(
    EXIT.leftOver,
    `${setAside.length} conditions could not be decoded: ${names.join(', ')}${setAside.length > names.length ? ', …' : ''}; everything else is loaded`,
    `${next}; until the source serves them well, what is known of them from before holds, and the rest stays open in P&L`,
  );
}

/** What an earlier read of the source knew of conditions that are malformed now: it is not written over. */
async function knownOf(
  target: Target,
  malformed: readonly Malformed[],
): Promise<{ tokens: ReadonlySet<string>; conditions: ReadonlySet<string> }> {
  const conditions = malformed.map(({ id }) => bare(id));
  const rows =
    conditions.length === 0
      ? []
      : await target.query<{ token: string; condition: string }>(loadSql('markets/known_tokens'), {
          params: { conditions },
          purpose: 'reading what is known of conditions that are set aside',
        });
  return { tokens: new Set(rows.map(({ token }) => token)), conditions: new Set(rows.map((row) => row.condition)) };
}

async function conditionsOf(step: StepContext, pnl: SourceLink): Promise<ConditionsRead> {
  return atOneBlock(step, pnl, (block) => readConditions(pnl.client, { block, retry: pnl.retry, signal: step.stop }));
}

/** Lists are read by many requests: a pin makes them one list. A host without history serves its head. */
async function atOneBlock<T extends SourceCounts | ConditionsRead>(
  step: StepContext,
  source: SourceLink,
  read: (block: number | null) => Promise<T>,
): Promise<T> {
  const head = await source.retry('reading the head of the source', () => readMeta(source.client, step.stop));
  try {
    return await read(head.block);
  } catch (error) {
    if (!(error instanceof FailureError) || error.failure.code !== 'pin_refused') throw error;
    step.log.warn(`the source refuses the pinned block; lists are read at its head: ${error.failure.message}`);
    return read(null);
  }
}

/** Names of this catalogue, and of earlier ones for markets it does not name. */
async function namesFor(target: Target, catalogue: Catalogue | null): Promise<Map<string, MarketNames>> {
  const earlier = await target.query<MarketNames & { condition: string }>(loadSql('markets/known_names'), {
    purpose: 'reading the names that are known',
  });
  const names = new Map<string, MarketNames>(earlier.map(({ condition, ...known }) => [condition, known]));
  for (const [condition, given] of catalogue?.names ?? []) names.set(condition, given);
  return names;
}

const NO_NAMES: MarketNames = {
  question: '',
  slug: '',
  volume: null,
  start_date: null,
  end_date: null,
  outcomes: [],
  neg_risk: null,
};

function marketRows(
  tokens: readonly TokenRow[],
  names: ReadonlyMap<string, MarketNames>,
): { readonly condition: string }[] {
  const ofCondition = new Map<string, TokenRow[]>();
  for (const condition of names.keys()) ofCondition.set(condition, []);
  for (const row of tokens) {
    if (row.condition === '') continue;
    const rows = ofCondition.get(row.condition);
    if (rows) rows.push(row);
    else ofCondition.set(row.condition, [row]);
  }
  return [...ofCondition].map(([condition, rows]) => ({
    condition,
    ...(names.get(condition) ?? NO_NAMES),
    tokens: rows.sort((a, b) => (a.outcome_index ?? 0) - (b.outcome_index ?? 0)).map((row) => row.token_id),
  }));
}
