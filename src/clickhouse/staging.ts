import { usageError } from '../core/exit.js';
import { checkFillsStructure, createFillsTable, describeTable } from './schema.js';
import { quoteString } from './sql.js';
import type { Target } from './target.js';

/** The owner is kept as the table's comment: it is made in the same statement as the table and travels with EXCHANGE TABLES. */
const OWNER = /^backfill run (.+)$/s;

function ownerComment(run: string): string {
  return `backfill run ${run}`;
}

export interface StagingState {
  /** The run that the table belongs to; absent for a table without an owner. */
  readonly owner?: string;
  readonly rows: bigint;
  readonly uuid: string;
}

/** Undefined when there is no such table. */
export async function stagingOwner(target: Target, table: string): Promise<StagingState | undefined> {
  const state = await describeTable(target, table);
  if (state === undefined) return undefined;
  const owner = OWNER.exec(state.comment)?.[1];
  return { rows: state.rows, uuid: state.uuid, ...(owner === undefined ? {} : { owner }) };
}

export interface ClaimOptions {
  /** Empties the table, whoever owns it and whatever its structure. */
  readonly fresh?: boolean;
}

/**
 * Makes the staging table the run's own. A table of this run is taken as it is, an empty one without an owner is adopted.
 * Throws ExitError(1) for one that belongs to another run, holds rows of unknown origin, or has another structure; nothing is
 * changed then.
 */
export async function claimStaging(
  target: Target,
  table: string,
  run: string,
  options: ClaimOptions = {},
): Promise<StagingState> {
  const comment = ownerComment(run);
  // One statement makes table and owner: of two runs that start together, the first has it.
  await createFillsTable(target, table, { comment, replace: options.fresh === true });
  const differences = (await checkFillsStructure(target, table)) ?? ['it has just been dropped'];
  if (differences.length > 0) {
    throw usageError(
      `the table ${target.database}.${table} has another structure: ${differences.join('; ')}`,
      'rename it, choose another --database, or empty and re-make it with --fresh',
    );
  }
  let state = await stagingOwner(target, table);
  if (state !== undefined && state.owner === undefined && state.rows === 0n) {
    await target.command(`ALTER TABLE {table:Identifier} MODIFY COMMENT ${quoteString(comment)}`, {
      names: { table },
      purpose: `adopting the table ${table}`,
    });
    state = await stagingOwner(target, table);
  }
  if (state?.owner === run) return state;
  throw usageError(
    state?.owner === undefined
      ? `the table ${target.database}.${table} holds ${state?.rows ?? 0n} rows of unknown origin`
      : `the table ${target.database}.${table} belongs to the run ${state.owner} (${state.rows} rows), not to ${run}`,
    'resume that run with --run, or empty the table with --fresh',
  );
}

/**
 * The staging table of a run that has begun: it must still be there, and hold what was acknowledged. It is not made anew, as
 * that would lose those rows without a word. Throws ExitError(1).
 */
export async function keepStaging(
  target: Target,
  table: string,
  run: string,
  acknowledgedRows: number,
): Promise<StagingState> {
  const state = await stagingOwner(target, table);
  const name = `${target.database}.${table}`;
  const startOver = 'load everything again with --fresh';
  if (state === undefined) {
    throw usageError(`the table ${name} is gone, and ${acknowledgedRows} rows of the run ${run} with it`, startOver);
  }
  if (state.owner === run && state.rows === 0n && acknowledgedRows > 0) {
    throw usageError(
      `the table ${name} was emptied: ${acknowledgedRows} rows of the run ${run} are no longer in it`,
      startOver,
    );
  }
  if (state.owner === undefined) {
    throw usageError(
      `the table ${name} was made anew by somebody else: the rows of the run ${run} are gone`,
      startOver,
    );
  }
  return claimStaging(target, table, run);
}
