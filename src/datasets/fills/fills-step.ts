import type { Context } from '../../cli/context.js';
import type { OpenedTarget } from '../../clickhouse/open.js';
import { ensureSchema } from '../../clickhouse/schema.js';
import { claimStaging, keepStaging, stagingOwner } from '../../clickhouse/staging.js';
import { FILLS_STAGING } from '../../clickhouse/tables.js';
import { collectGarbage } from '../../core/collect-garbage.js';
import { EXIT, ExitError, usageError } from '../../core/exit.js';
import { redactUrl } from '../../net/redact.js';
import type { Checkpoint } from '../../run/checkpoint.js';
import { CHECKPOINT_VERSION } from '../../run/checkpoint.js';
import type { Fingerprint } from '../../run/fingerprint.js';
import { CheckpointKeeper } from '../../run/keeper.js';
import type { FrozenPlan, RunFolder } from '../../run/run-folder.js';
import { readMeta, type SourceMeta } from '../../sources/subgraph/meta.js';
import { type LoadFigures, loadRest } from './load-step.js';
import { chooseRun, type RunChoice } from './open-run.js';
import type { TokenCount } from './plan/chunk.js';
import { type AskedSelection, countedRows, planRun, readPlanInput, readSourceHead } from './planning.js';
import { copyLive, planRefresh } from './refresh.js';
import { recordRun, writeSourceCounts } from './run-tables.js';
import { openSource, type SourceLink, sourceUrlOf } from './source-link.js';

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
export async function runFills(ctx: Context, opened: OpenedTarget, asked: AskedSelection): Promise<FillsResult | null> {
  const source = openSource(ctx);
  const head = await readSourceHead(ctx, source);
  const fingerprint: Fingerprint = {
    source: redactUrl(sourceUrlOf(ctx)),
    deployment: head.deployment,
    target: opened.embedded ? `embedded in ${opened.embedded.dir}` : opened.target.url,
    table: `${opened.target.database}.${FILLS_STAGING}`,
    selection: asked.text,
    partition: ctx.config.partition,
    refresh: ctx.config.refresh ? 'yes' : 'no',
  };
  const choice = chooseRun(ctx, fingerprint);
  if (choice.kind === 'finished') {
    ctx.log.info({ run: choice.folder.id }, 'the run is finished; nothing is left to load');
    return { folder: choice.folder, checkpoint: choice.checkpoint, frozen: choice.folder.readPlan(), figures: null };
  }
  const begun =
    choice.kind === 'resume'
      ? resumeRun(ctx, choice)
      : await newRun(ctx, { folder: choice.folder, fingerprint, asked, head, source, opened });
  if (begun === null) return null;
  await prepareStaging(ctx, begun, opened).catch((error: unknown) => {
    // A run that was refused its table never began: it must not be the one that the next command takes up.
    if (choice.kind === 'new' && error instanceof ExitError && error.code === EXIT.usage) begun.folder.clear();
    throw error;
  });
  collectGarbage();
  return load(ctx, begun, source, opened);
}

/** Before anything is made: the rows of another run are not ours to mix with. */
async function refuseForeignStaging(ctx: Context, opened: OpenedTarget, run: string): Promise<void> {
  if (ctx.config.fresh) return;
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
  ctx: Context,
  { folder, fingerprint, asked, head, source, opened }: NewRun,
): Promise<Begun | null> {
  await refuseForeignStaging(ctx, opened, folder.id);
  const planned = await readPlanInput(ctx, source, asked.selection, head);
  const refresh = ctx.config.refresh ? await planRefresh(opened.target, planned) : null;
  if (refresh && refresh.differing.length + refresh.uncounted.length + refresh.foreignTokens === 0) {
    ctx.log.info({ tokens: refresh.universe.length }, 'live holds exactly what the source counts; nothing to fetch');
    return null;
  }
  const { uncounted } = refresh ?? planned.selected;
  const plan = planRun(ctx, planned, { tokens: refresh?.differing ?? planned.selected.tokens, uncounted });
  const frozen: FrozenPlan = {
    plan,
    markets: plan.tokens.map(({ token }) => planned.known.conditions.get(token) ?? null),
    universe: refresh?.universe ?? null,
  };
  const now = new Date().toISOString();
  folder.writePlan(frozen);
  const checkpoint: Checkpoint = {
    version: CHECKPOINT_VERSION,
    run: folder.id,
    createdAt: now,
    updatedAt: now,
    fingerprint,
    block: planned.head.block,
    pinned: planned.pinned,
    unpinnedWhy: planned.unpinnedWhy,
    refresh: refresh !== null,
    uncounted: [...uncounted],
    replaceStaging: ctx.config.fresh,
    prepared: false,
    done: [],
    failed: [],
    chunks: plan.chunks.length,
    expectedRows: countedRows(plan, uncounted),
    expectedRequests: plan.totals.requests,
    rows: 0,
    requests: source.requests(),
    rejected: 0,
    throttled: 0,
    retries: 0,
    sittings: 0,
    activeMs: 0,
    pace: null,
    marketsDone: 0,
    markets: 0,
    steps: {},
  };
  folder.writeCheckpoint(checkpoint);
  ctx.log.info(
    {
      run: folder.id,
      block: checkpoint.block,
      tokens: plan.totals.tokens,
      rows: plan.totals.rows,
      chunks: plan.chunks.length,
    },
    `run ${folder.id} planned`,
  );
  return { folder, frozen, keeper: keeperOf(folder, checkpoint) };
}

function resumeRun(ctx: Context, { folder, checkpoint }: RunChoice & { kind: 'resume' }): Begun {
  const frozen = folder.readPlan();
  if (frozen.plan.chunks.length !== checkpoint.chunks) {
    throw usageError(`plan and checkpoint of run ${folder.id} do not belong together`, 'restore both, or use --fresh');
  }
  const keeper = keeperOf(folder, checkpoint);
  keeper.resumeRejected();
  const left = checkpoint.chunks - checkpoint.done.reduce((sum, [from, to]) => sum + to - from, 0);
  ctx.log.info({ run: folder.id, chunksLeft: left, rows: checkpoint.rows }, `run ${folder.id} resumed`);
  return { folder, frozen, keeper };
}

function keeperOf(folder: RunFolder, checkpoint: Checkpoint): CheckpointKeeper {
  return new CheckpointKeeper(
    folder,
    checkpoint,
    () => performance.now(),
    () => new Date().toISOString(),
  );
}

/** The source's counts that staging must meet in the end. */
function countsToMeet({ plan, universe }: FrozenPlan, { uncounted }: Checkpoint): readonly TokenCount[] {
  if (universe !== null) return universe;
  const guessed = new Set(uncounted);
  return plan.tokens.filter(({ token }) => !guessed.has(token));
}

/** Staging becomes the run's own; a refresh starts it as a copy of live. Done again from the start after a crash in it. */
async function prepareStaging(ctx: Context, { folder, frozen, keeper }: Begun, opened: OpenedTarget): Promise<void> {
  const { target } = opened;
  const { prepared, replaceStaging, refresh } = keeper.current;
  if (prepared) {
    await keepStaging(target, FILLS_STAGING, folder.id, keeper.current.rows);
    await ensureSchema(target);
    return;
  }
  await ensureSchema(target);
  await claimStaging(target, FILLS_STAGING, folder.id, { fresh: replaceStaging });
  await writeSourceCounts(target, folder.id, countsToMeet(frozen, keeper.current));
  if (refresh) {
    await claimStaging(target, FILLS_STAGING, folder.id, { fresh: true });
    await copyLive(ctx, target, folder.id);
  }
  keeper.update({ prepared: true }, { durable: true });
}

async function load(ctx: Context, begun: Begun, source: SourceLink, opened: OpenedTarget): Promise<FillsResult> {
  const { folder, frozen, keeper } = begun;
  // What was said of an earlier, incomplete state no longer holds.
  const { fills: _loaded, verify: _verified, ...steps } = keeper.current.steps;
  keeper.update({ sittings: keeper.current.sittings + 1, steps }, { durable: true });
  await recordRun(opened.target, keeper.current, 'loading');
  const figures = await loadRest(ctx, { frozen, keeper, source, opened });
  // Another run may have emptied the table with --fresh meanwhile: its rows would be promoted as ours.
  await keepStaging(opened.target, FILLS_STAGING, folder.id, keeper.current.rows);
  await noteWhatMoved(ctx, keeper, source);
  keeper.update({ steps: { ...keeper.current.steps, fills: new Date().toISOString() } }, { durable: true });
  await recordRun(opened.target, keeper.current, 'loaded');
  return { folder, checkpoint: keeper.current, frozen, figures };
}

/** Without a pin, pages of different heads may have been mixed: say how far the head moved meanwhile. */
async function noteWhatMoved(ctx: Context, keeper: CheckpointKeeper, source: SourceLink): Promise<void> {
  const { pinned, block, unpinnedWhy } = keeper.current;
  if (pinned) return;
  const head = await source.retry('reading the head of the source', () => readMeta(source.client, ctx.stop));
  const moved = head.block === block ? 'the head has not moved' : `the head moved from block ${block} to ${head.block}`;
  ctx.log.warn(`the run is unpinned; ${moved} while it ran`);
  keeper.update({ unpinnedWhy: `${unpinnedWhy ?? ''}; ${moved}` });
}
