import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { usageError } from '../../core/exit.js';
import { FailureError } from '../../core/failure.js';
import { EVERYTHING } from '../../publish/scope.js';
import type { StepContext } from '../../report/step.js';
import type { SourceLink } from '../../sources/subgraph/link.js';
import { readMeta, type SourceMeta } from '../../sources/subgraph/meta.js';
import type { Plan, PlanOptions, TokenCount } from './plan/chunk.js';
import { type MarketList, parseMarketList } from './plan/market-list.js';
import type { TimeSpan } from './plan/pack.js';
import { checkPlan, makePlan } from './plan/plan.js';
import { type Selected, type Selection, selectTokens } from './plan/selection.js';
import type { SelectionSettings } from './settings.js';
import { readCounts, type SourceCounts } from './subgraph/counts.js';

/** Everything that is known before the first fill is fetched. */
export interface Planned {
  readonly head: SourceMeta;
  readonly pinned: boolean;
  readonly unpinnedWhy: string | null;
  readonly known: SourceCounts;
  readonly selected: Selected;
}

/** The source's head; says so when it is old, as the first exchange's is: its history has ended. */
export async function readSourceHead(step: StepContext, source: SourceLink): Promise<SourceMeta> {
  const head = await source.retry('reading the head of the source', () => readMeta(source.client, step.stop));
  if (head.hasIndexingErrors) step.log.warn({ block: head.block }, 'the subgraph reports indexing errors');
  if (head.timestamp !== null && Date.now() / 1000 - head.timestamp > OLD_HEAD_S) {
    const day = new Date(head.timestamp * 1000).toISOString().slice(0, 10);
    step.log.info(
      { block: head.block },
      `the head of the source is of ${day}: it serves a history that has ended, or lags`,
    );
  }
  return head;
}

const OLD_HEAD_S = 86_400;

export interface AskedSelection {
  readonly selection: Selection;
  /** For the fingerprint: the same selection has the same text, whatever the order of its list. */
  readonly text: string;
}

/** Reads the market list before anything else is touched. Throws ExitError(1) naming the lines that are broken. */
export function readSelection({ markets: file, limit, minFills }: SelectionSettings): AskedSelection {
  const list = file === undefined ? undefined : readMarketList(file);
  const selection: Selection = {
    ...(list === undefined ? {} : { markets: list }),
    ...(limit === undefined ? {} : { limit }),
    ...(minFills === undefined ? {} : { minFills }),
  };
  const parts = [
    list === undefined ? '' : `markets ${digestOf(list)}`,
    limit === undefined ? '' : `limit ${limit}`,
    minFills === undefined ? '' : `min-fills ${minFills}`,
  ].filter((part) => part !== '');
  return { selection, text: parts.join(', ') || EVERYTHING };
}

function readMarketList(file: string): MarketList {
  let text: string;
  try {
    text = readFileSync(file, 'utf8');
  } catch (error) {
    throw usageError(`--markets ${file}: ${(error as Error).message}`, 'give a file that can be read');
  }
  const parsed = parseMarketList(text);
  if (parsed.ok) return parsed.list;
  const lines = parsed.errors.map(({ line, message }) => `  line ${line}: ${message}`);
  throw usageError(
    `--markets ${file} has lines that name no market:\n${lines.join('\n')}`,
    'correct or remove these lines, then run the same command again',
  );
}

function digestOf(list: MarketList): string {
  const ids = list.entries.map(({ id }) => id).sort();
  return `${ids.length} ids, sha256 ${createHash('sha256').update(ids.join('\n')).digest('hex').slice(0, 16)}`;
}

/** Asks the source how much there is, at one block, and narrows it to what was asked for. Throws ExitError(1). */
export async function readPlanInput(
  step: StepContext,
  source: SourceLink,
  selection: Selection,
  head: SourceMeta,
): Promise<Planned> {
  const { known, pinned, unpinnedWhy } = await countPinned(step, source, head);
  const selected = selectKnown(known, selection);
  for (const token of selected.uncounted) {
    step.log.warn(
      `the counts of the token ${token} cannot be read: it is loaded, and verify reads it again to prove it`,
    );
  }
  if (selected.uncountedBeyondLimit > 0) {
    step.log.warn(
      `--limit leaves out ${selected.uncountedBeyondLimit} tokens whose counts cannot be read: name them with --markets`,
    );
  }
  if (selected.repeats > 0) step.log.info(`${selected.repeats} lines of the list name a market again: dropped`);
  if (selected.unknown.length > 0) {
    step.log.warn(
      { examples: selected.unknown.slice(0, 5) },
      `${selected.unknown.length} ids of the list are unknown to the source`,
    );
  }
  return { head, pinned, unpinnedWhy, known, selected };
}

/** What is chosen of what the source knows. Throws ExitError(1) when that is nothing. */
export function selectKnown(known: SourceCounts, selection: Selection): Selected {
  const narrowed = selectTokens(known, selection);
  if (!narrowed.ok) throw usageError(narrowed.message, 'check --markets, --limit and --min-fills');
  return narrowed.selected;
}

async function countPinned(step: StepContext, source: SourceLink, head: SourceMeta) {
  const read = (block: number | null) => readCounts(source.client, { block, retry: source.retry, signal: step.stop });
  try {
    return { known: await read(head.block), pinned: true, unpinnedWhy: null };
  } catch (error) {
    if (!(error instanceof FailureError) || error.failure.code !== 'pin_refused') throw error;
    const unpinnedWhy = `block ${head.block} was refused when the counts were read: ${error.failure.message}`;
    step.log.warn(`the source refuses the pinned block; the run goes on unpinned: ${error.failure.message}`);
    return { known: await read(null), pinned: false, unpinnedWhy };
  }
}

/** Tokens of a run: those counted, and those that the source knows and whose counts cannot be read. */
export interface RunTokens {
  readonly tokens: readonly TokenCount[];
  readonly uncounted: readonly string[];
}

/** The frozen plan of a new run. */
export function planRun(
  options: PlanOptions,
  planned: Planned,
  { tokens, uncounted }: RunTokens = planned.selected,
): Plan {
  const plan = makePlan([...tokens, ...uncounted.map(guessed)], options, {
    marketOf: planned.known.conditions,
    ...(planned.head.timestamp === null ? {} : { span: spanOf(planned.head.timestamp) }),
  });
  checkPlan(plan);
  return plan;
}

/** For the cutting into chunks only, which reads every page that there is: a lane that no fill is expected of is not asked for. */
const GUESSED = { buys: 1, sells: 1, buyMicros: '0', sellMicros: '0' };

function guessed(token: string): TokenCount {
  return { token, ...GUESSED };
}

/** Rows of the plan that the source counts; what was guessed is none of them. */
export function countedRows({ totals }: Plan, uncounted: readonly string[]): number {
  return totals.rows - (GUESSED.buys + GUESSED.sells) * uncounted.length;
}

/** The exchange's first fill is of September 2022; what lies outside falls into the outermost windows. */
const FIRST_FILL_S = Date.UTC(2022, 8, 1) / 1000;

function spanOf(headS: number): TimeSpan {
  return { fromS: FIRST_FILL_S, toS: Math.max(FIRST_FILL_S + 1, headS + 1) };
}
