/** From logs to tokens: what `outcome_tokens` and `markets` say of the chain's conditions follows from `condition_logs`. */
import { only, queryFile, runFile, type Work } from '../../../clickhouse/heavy.js';

/** Makes the V3 tokens of a table of fills known, open until `settleTokens` knows what they pay. Throws FailureError. */
export async function placeV3Tokens(work: Work, fills: string): Promise<void> {
  await runFile(work, 'conditions/v3-tokens-of-fills', { names: { fills } });
}

/**
 * Writes what is new in the logs into `outcome_tokens` and `markets`; `sinceBlock` 0 looks at everything. Running it again writes
 * nothing. Throws FailureError.
 */
export async function settleTokens(work: Work, sinceBlock: number): Promise<void> {
  const params = { since: sinceBlock };
  await runFile(work, 'conditions/tokens', { params });
  await runFile(work, 'conditions/markets', { params });
}

/** Counts of conditions. */
export interface ConditionTotals {
  readonly conditions: number;
  readonly resolved: number;
  readonly v3Conditions: number;
  /** Of V3; open until a rule for them is built. */
  readonly combos: number;
  /** Neg-risk conditions of V3 that are open although their event has a winner: no event says that they have lost. */
  readonly openLosers: number;
  /** Payouts that the subgraph told and the chain's logs do not. */
  readonly resolvedBySubgraph: number;
  /** Conditions with another number of outcomes than two: kept, without tokens. */
  readonly otherSlots: number;
  /** Results of V3 that are not two entries summing to a million, or of an unknown form of id: kept, and open. */
  readonly oddResults: number;
  /** Tokens whose condition the orderbook knows, but whose place in it nothing tells. */
  readonly unplaced: number;
  /** Markets that have a name. */
  readonly named: number;
}

export async function conditionTotals(work: Work): Promise<ConditionTotals> {
  const row = only(await queryFile<Record<string, string>>(work, 'conditions/totals'), 'conditions/totals');
  return {
    conditions: Number(row.conditions),
    resolved: Number(row.resolved),
    v3Conditions: Number(row.v3_conditions),
    combos: Number(row.combos),
    openLosers: Number(row.open_losers),
    resolvedBySubgraph: Number(row.resolved_by_subgraph),
    otherSlots: Number(row.other_slots),
    oddResults: Number(row.odd_results),
    unplaced: Number(row.unplaced),
    named: Number(row.named),
  };
}

export interface Unexplained {
  readonly total: number;
  /** Those with the most fills first. */
  readonly tokens: readonly string[];
}

const SHOWN_TOKENS = 10;

/** Tokens of the tables of fills, one or two of them, whose condition nothing tells. */
export async function unexplainedTokens(
  work: Work,
  tables: readonly string[],
  limit = SHOWN_TOKENS,
): Promise<Unexplained> {
  const [fills, others = fills] = tables;
  if (fills === undefined || others === undefined) return { total: 0, tokens: [] };
  const rows = await queryFile<{ token: string; total: string }>(work, 'conditions/unexplained', {
    names: { fills, others },
    params: { limit },
  });
  return { total: Number(rows[0]?.total ?? 0), tokens: rows.map(({ token }) => token) };
}
