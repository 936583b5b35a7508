import type { Work } from '../../../clickhouse/heavy.js';
import type { OpenedTarget } from '../../../clickhouse/open.js';
import { describeTable, ensureSchema } from '../../../clickhouse/schema.js';
import { FILLS_LIVE, FILLS_STAGING } from '../../../clickhouse/tables.js';
import type { Target } from '../../../clickhouse/target.js';
import type { StepContext } from '../../../report/step.js';
import { type ChainSettings, openChainLink } from '../../../sources/chain/link.js';
import type { Catalogue } from '../catalogue.js';
import type { MarketsReport } from '../markets-step.js';
import { nextVersion, writeMarkets } from '../write-tables.js';
import {
  type AskedBlocks,
  blocksToLoad,
  type ConditionLoadSettings,
  type LoadedConditions,
  loadConditionLogs,
} from './load.js';
import { type ConditionTotals, conditionTotals, placeV3Tokens, settleTokens, unexplainedTokens } from './settle.js';
import { ensureConditionTables } from './tables.js';

export interface ChainMarketsOptions {
  readonly chain: ChainSettings;
  readonly blocks: AskedBlocks;
  readonly catalogue: Catalogue | null;
  readonly load: ConditionLoadSettings;
  readonly maxMemoryMb: number;
}

export interface ChainMarketsReport extends MarketsReport {
  readonly chain: LoadedConditions & ConditionTotals & { readonly transport: 'portal' | 'rpc' };
}

/**
 * Reads conditions and payouts from the chain and writes `outcome_tokens` and `markets`; goes on where an earlier call ended. Throws
 * ExitError(1) for blocks that are not there, 130 or 75 when it had to end before, FailureError.
 */
export async function loadMarketsOfChain(
  step: StepContext,
  opened: OpenedTarget,
  { chain, blocks, catalogue, load, maxMemoryMb }: ChainMarketsOptions,
): Promise<ChainMarketsReport> {
  const { target } = opened;
  const link = openChainLink(step, chain);
  const range = await blocksToLoad(step, link, blocks);
  await ensureSchema(target);
  await ensureConditionTables(target);
  const loaded = await loadConditionLogs(step, opened, link, range, load);
  const work: Work = { target, maxMemoryMb, log: step.log, signal: step.stop };
  const tables = await tablesOfFills(target);
  for (const table of tables) await placeV3Tokens(work, table);
  await settleTokens(work, 0);
  if (catalogue !== null) await insertNames(step, target, catalogue);
  const totals = await conditionTotals(work);
  const unexplained = await unexplainedTokens(work, tables);
  return {
    tokens: 2 * totals.conditions,
    conditions: totals.conditions,
    resolved: totals.resolved,
    withoutOutcome: totals.unplaced,
    unexplained: unexplained.total,
    unexplainedTokens: unexplained.tokens,
    oddConditions: totals.oddResults,
    setAside: [],
    named: totals.named,
    requests: link.rate().granted,
    pnlSource: false,
    chain: { ...loaded, ...totals, transport: chain.access.transport },
  };
}

async function tablesOfFills(target: Target): Promise<string[]> {
  const tables: string[] = [];
  for (const table of [FILLS_LIVE, FILLS_STAGING]) {
    if ((await describeTable(target, table)) !== undefined) tables.push(table);
  }
  return tables;
}

/** The statement itself puts the tokens beside the names. */
async function insertNames(step: StepContext, target: Target, { names, repeats }: Catalogue): Promise<void> {
  if (repeats > 0) step.log.info(`${repeats} lines of the catalogue name a market again: dropped`);
  const lines = [...names].map(([condition, known]) => ({ condition, ...known, tokens: [] }));
  await writeMarkets(target, await nextVersion(target), lines);
}
