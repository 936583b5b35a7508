import type { OpenedTarget } from '../../clickhouse/open.js';
import { ensureSchema } from '../../clickhouse/schema.js';
import { claimStaging, keepStaging, stagingOwner } from '../../clickhouse/staging.js';
import { FILLS_STAGING } from '../../clickhouse/tables.js';
import { collectGarbage } from '../../core/collect-garbage.js';
import { EXIT, ExitError, usageError } from '../../core/exit.js';
import { fingerprintUrl } from '../../net/redact.js';
import { withLease } from '../../publish/lease.js';
import type { LoadFigures } from '../../report/figures.js';
import type { StepContext } from '../../report/step.js';
import type { Checkpoint } from '../../run/checkpoint.js';
import type { Fingerprint } from '../../run/fingerprint.js';
import { size } from '../../run/intervals.js';
import { CheckpointKeeper } from '../../run/keeper.js';
import type { RunFolder } from '../../run/run-folder.js';
import { openLink, type SourceLink } from '../../sources/subgraph/link.js';
import { readMeta, type SourceMeta } from '../../sources/subgraph/meta.js';
import { type FrozenPlan, readFrozenPlan } from './frozen-plan.js';
import { loadRest } from './load-step.js';
import { chooseRun, type RunChoice } from './open-run.js';
import type { TokenCount } from './plan/chunk.js';
import { type AskedSelection, countedRows, planRun, readPlanInput, readSourceHead } from './planning.js';
import { copyLive, planRefresh } from './refresh.js';
import { recordRun, writeSourceCounts } from './run-tables.js';
import type { FillsSettings } from './settings.js';

/** What the fills step leaves behind for the summary and the steps after it. */
export interface FillsResult {
  readonly folder: RunFolder;
  readonly checkpoint: Checkpoint;
  readonly frozen: FrozenPlan;
  /** Null when the run was finished before this sitting. */
  readonly figures: LoadFigures | null;
}

interface Begun {
  readonly folder: RunFolder;
  readonly frozen: FrozenPlan;
  readonly keeper: CheckpointKeeper;
}

/**
 * Plans and loads, or goes on with the unfinished run. Null when a refresh finds nothing to fetch.
 * Throws ExitError 130, 75 or 1 when the run had to end before.
 */
export async function runFills(
  step: StepContext,
  settings: FillsSettings,
  opened: OpenedTarget,
  asked: AskedSelection,
): Promise<FillsResult | null> {
  const source = openLink(step, settings.source);
  const head = await readSourceHead(step, source);
  const fingerprint: Fingerprint = {
    source: fingerprintUrl(settings.source.url),
    deployment: head.deployment,
    target: opened.embedded ? `embedded in ${opened.embedded.dir}` : opened.target.url,
    table: `${opened.target.database}.${FILLS_STAGING}`,
    selection: asked.text,
    partition: settings.plan.partition,
    refresh: settings.run.refresh ? 'yes' : 'no',
  };
  const choice = await chooseRun(step, settings.run, fingerprint);
  if (choice.kind === 'finished') {
    step.log.info({ run: choice.folder.id }, 'the run is finished; nothing is left to load');
    return {
      folder: choice.folder,
      checkpoint: choice.checkpoint,
      frozen: readFrozenPlan(choice.folder),
      figures: null,
    };
  }
  const begun =
    choice.kind === 'resume'
      ? resumeRun(step, choice)
      : await newRun(step, settings, { folder: choice.folder, fingerprint, asked, head, source, opened });
  if (begun === null) return null;
  await prepareStaging(step, begun, opened).catch((error: unknown) => {
    // A run that was refused its table never began: it must not be the one that the next command takes up.
    if (choice.kind === 'new' && error instanceof ExitError && error.code === EXIT.usage) begun.folder.clear();
    throw error;
  });
  collectGarbage();
  return load(step, settings, begun, source, opened);
}

/** Before anything is made: the rows of another run are not ours to mix with. */
async function refuseForeignStaging(opened: OpenedTarget, run: string): Promise<void> {
  const state = await stagingOwner(opened.target, FILLS_STAGING);
  if (state === undefined || (state.owner === undefined && state.rows === 0n) || state.owner === run) return;
  throw usageError(
    `the table ${opened.target.database}.${FILLS_STAGING} belongs to ${state.owner ? `the run ${state.owner}` : 'no known run'} (${state.rows} rows)`,
    `${state.owner ? `resume it with --run ${state.owner}, or ` : ''}empty the table with --fresh`,
  );
}

interface NewRun {
  readonly folder: RunFolder;
  readonly fingerprint: Fingerprint;
  readonly asked: AskedSelection;
  readonly head: SourceMeta;
  readonly source: SourceLink;
  readonly opened: OpenedTarget;
}

/**
 * Freezes the plan and writes the first checkpoint; from here on the same command resumes. What was read for the plan is let go
 * of before the load begins.
 */
async function newRun(
  step: StepContext,
  settings: FillsSettings,
  { folder, fingerprint, asked, head, source, opened }: NewRun,
): Promise<Begun | null> {
  if (!settings.run.fresh) await refuseForeignStaging(opened, folder.id);
  const planned = await readPlanInput(step, source, asked.selection, head);
  const refresh = settings.run.refresh ? await planRefresh(opened.target, planned) : null;
  if (refresh && refresh.differing.length + refresh.uncounted.length + refresh.foreignTokens === 0) {
    step.log.info({ tokens: refresh.universe.length }, 'live holds exactly what the source counts; nothing to fetch');
    return null;
  }
  const { uncounted } = refresh ?? planned.selected;
  const plan = planRun(settings.plan, planned, { tokens: refresh?.differing ?? planned.selected.tokens, uncounted });
  const frozen: FrozenPlan = {
    plan,
    markets: plan.tokens.map(({ token }) => planned.known.conditions.get(token) ?? null),
    universe: refresh?.universe ?? null,
  };
  folder.writePlan(frozen);
  const keeper = CheckpointKeeper.begin(folder, {
    dataset: 'fills',
    fingerprint,
    block: planned.head.block,
    pinned: planned.pinned,
    unpinnedWhy: planned.unpinnedWhy,
    refresh: refresh !== null,
    replaceStaging: settings.run.fresh,
    uncounted: [...uncounted],
    chunks: plan.chunks.length,
    expectedRows: countedRows(plan, uncounted),
    expectedRequests: plan.totals.requests,
    requests: source.requests(),
  });
  step.log.info(
    {
      run: folder.id,
      block: planned.head.block,
      tokens: plan.totals.tokens,
      rows: plan.totals.rows,
      chunks: plan.chunks.length,
    },
    `run ${folder.id} planned`,
  );
  return { folder, frozen, keeper };
}

function resumeRun(step: StepContext, { folder, checkpoint }: RunChoice & { kind: 'resume' }): Begun {
  const frozen = readFrozenPlan(folder);
  if (frozen.plan.chunks.length !== checkpoint.chunks) {
    throw usageError(`plan and checkpoint of run ${folder.id} do not belong together`, 'restore both, or use --fresh');
  }
  const keeper = new CheckpointKeeper(folder, checkpoint);
  keeper.resumeRejected();
  const left = checkpoint.chunks - size(checkpoint.done);
  step.log.info({ run: folder.id, chunksLeft: left, rows: checkpoint.rows }, `run ${folder.id} resumed`);
  return { folder, frozen, keeper };
}

/** The source's counts that staging must meet in the end. */
function countsToMeet({ plan, universe }: FrozenPlan, { uncounted }: Checkpoint): readonly TokenCount[] {
  if (universe !== null) return universe;
  const guessed = new Set(uncounted);
  return plan.tokens.filter(({ token }) => !guessed.has(token));
}

/** Staging becomes the run's own; a refresh starts it as a copy of live. Done again from the start after a crash in it. */
async function prepareStaging(
  step: StepContext,
  { folder, frozen, keeper }: Begun,
  opened: OpenedTarget,
): Promise<void> {
  const { target } = opened;
  const { prepared, replaceStaging, refresh } = keeper.current;
  if (prepared) {
    await keepStaging(target, FILLS_STAGING, folder.id, keeper.current.rows);
    await ensureSchema(target);
    return;
  }
  await ensureSchema(target);
  const claim = async () => {
    await claimStaging(target, FILLS_STAGING, folder.id, { fresh: replaceStaging });
    await writeSourceCounts(target, folder.id, countsToMeet(frozen, keeper.current));
    if (!refresh) return;
    await claimStaging(target, FILLS_STAGING, folder.id, { fresh: true });
    await copyLive(step, target, folder.id);
  };
  // What empties a table or copies live must not meet an exchange of these tables.
  const what = refresh ? 'fills --refresh' : 'fills --fresh';
  if (refresh || replaceStaging) {
    await withLease(target, undefined, { what, log: step.log, signal: step.stop }, claim);
  } else await claim();
  keeper.update({ prepared: true }, { durable: true });
}

async function load(
  step: StepContext,
  settings: FillsSettings,
  begun: Begun,
  source: SourceLink,
  opened: OpenedTarget,
): Promise<FillsResult> {
  const { folder, frozen, keeper } = begun;
  const tokens = frozen.universe?.length ?? frozen.plan.totals.tokens;
  // What was said of an earlier, incomplete state no longer holds.
  const { fills: _loaded, verify: _verified, ...steps } = keeper.current.steps;
  keeper.update({ sittings: keeper.current.sittings + 1, steps }, { durable: true });
  await recordRun(opened.target, keeper.current, { tokens, phase: 'loading' });
  const figures = await loadRest(step, { frozen, keeper, source, opened, settings: settings.load });
  // Another run may have emptied the table with --fresh meanwhile: its rows would be promoted as ours.
  await keepStaging(opened.target, FILLS_STAGING, folder.id, keeper.current.rows);
  await noteWhatMoved(step, keeper, source);
  keeper.update({ steps: { ...keeper.current.steps, fills: new Date().toISOString() } }, { durable: true });
  await recordRun(opened.target, keeper.current, { tokens, phase: 'loaded' });
  return { folder, checkpoint: keeper.current, frozen, figures };
}

/** Without a pin, pages of different heads may have been mixed: say how far the head moved meanwhile. */
async function noteWhatMoved(step: StepContext, keeper: CheckpointKeeper, source: SourceLink): Promise<void> {
  const { pinned, block, unpinnedWhy } = keeper.current;
  if (pinned) return;
  const head = await source.retry('reading the head of the source', () => readMeta(source.client, step.stop));
  const moved = head.block === block ? 'the head has not moved' : `the head moved from block ${block} to ${head.block}`;
  step.log.warn(`the run is unpinned; ${moved} while it ran`);
  keeper.update({ unpinnedWhy: `${unpinnedWhy ?? ''}; ${moved}` });
}
