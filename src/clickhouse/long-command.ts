import { randomUUID } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import { type Failure, FailureError, failed } from '../core/failure.js';
import { classifyException, type FailureContext } from './failures.js';
import type { LongCommandOptions, LongProgress, StatementOptions } from './target.js';

const POLL_MS = 500;
const DEFAULT_UNREACHABLE_MS = 5 * 60_000;
/** The log of a server that may not be told to flush it is written every 7.5 s. */
const LOG_WAIT_MS = 12_000;
/** These say nothing about the statement itself: it may be running, done, or never have arrived. */
const OUTCOME_UNKNOWN = new Set<Failure['code']>(['target_connection', 'target_timeout']);

export interface LongCommandEnvironment {
  /** Sends the statement under the id and waits for its answer, however long; the signal gives the connection up. */
  readonly send: (queryId: string, signal: AbortSignal) => Promise<unknown>;
  /** After this long without an answer it is asked whether the statement is running at all. */
  readonly silentMs: number;
  readonly target: {
    query<Row>(sql: string, options?: StatementOptions): Promise<Row[]>;
    command(sql: string, options?: StatementOptions): Promise<void>;
  };
  /** Brings back a server of our own that is gone. */
  readonly revive?: (() => Promise<void>) | undefined;
  readonly purpose: string;
  readonly context: (purpose: string) => FailureContext;
}

/**
 * Runs a statement once and finds out how it ended. Success is reported only on evidence: the server's own answer, its query
 * log, or the caller's probe. A statement whose end cannot be known is a transient failure that names the query id.
 */
export async function runLongCommand(env: LongCommandEnvironment, options: LongCommandOptions): Promise<void> {
  const queryId = options.queryId ?? randomUUID();
  const watch = new AbortController();
  const watching = options.onProgress ? watchProgress(env, queryId, options.onProgress, watch.signal) : undefined;
  try {
    await sendWatched(env, queryId);
  } catch (error) {
    if (options.signal?.aborted === true) {
      await killStatement(env, queryId);
      throw error;
    }
    if (!(error instanceof FailureError) || !OUTCOME_UNKNOWN.has(error.failure.code)) throw error;
    await findOutcome(env, queryId, error.failure, options);
  } finally {
    watch.abort();
    await watching;
  }
}

/** A connection may be dead without a word: then no answer comes, and the server does not know the statement. */
async function sendWatched(env: LongCommandEnvironment, queryId: string): Promise<void> {
  const lost = new AbortController();
  const answered = new AbortController();
  const sending = env.send(queryId, lost.signal).finally(() => answered.abort());
  void watchSilence(env, queryId, answered.signal).then((silent) => {
    if (silent) lost.abort();
  });
  try {
    await sending;
  } catch (error) {
    if (!lost.signal.aborted) throw error;
    throw failed('transient', 'target_timeout', `${env.purpose}: no answer, and the server does not run the statement`);
  }
}

/** True when the statement is not running, in two looks, while its answer is still awaited. */
async function watchSilence(env: LongCommandEnvironment, queryId: string, answered: AbortSignal): Promise<boolean> {
  for (let missed = 0, waitMs = env.silentMs; missed < 2 && !answered.aborted; waitMs = 2 * POLL_MS) {
    const slept = await sleep(waitMs, true, { signal: answered }).catch(() => false);
    if (!slept) return false;
    try {
      missed = (await readProgress(env, queryId)) === undefined ? missed + 1 : 0;
    } catch (error) {
      // Out of reach: nothing is known of the statement.
      if (!(error instanceof FailureError)) throw error;
    }
  }
  return !answered.aborted;
}

async function findOutcome(
  env: LongCommandEnvironment,
  queryId: string,
  lost: Failure,
  options: LongCommandOptions,
): Promise<void> {
  await waitUntilEnded(env, queryId, lost, options);
  const logged = await readLog(env, queryId, options);
  if (logged?.ended === 'well') return;
  if (logged?.ended === 'with an exception') {
    const failure = classifyException(logged.code, logged.text, env.context(env.purpose));
    // It may have failed only at telling us.
    if (!OUTCOME_UNKNOWN.has(failure.code)) throw new FailureError(failure);
  }
  if (options.verifyDone !== undefined && (await options.verifyDone())) return;
  throw failed(
    'transient',
    lost.code,
    `${env.purpose}: the connection was lost and the server does not say how the statement ended ` +
      `(query id ${queryId}): ${lost.message}`,
  );
}

/** Two looks in a row must miss the statement: one may fall between its arrival and its start. */
async function waitUntilEnded(
  env: LongCommandEnvironment,
  queryId: string,
  lost: Failure,
  options: LongCommandOptions,
): Promise<void> {
  const unreachableMs = options.unreachableMs ?? DEFAULT_UNREACHABLE_MS;
  let answeredAt = performance.now();
  for (let missed = 0; missed < 2; ) {
    if (options.signal?.aborted === true) {
      await killStatement(env, queryId);
      throw failed('transient', 'stopped', `${env.purpose}: stopped`);
    }
    await sleep(POLL_MS);
    try {
      missed = (await readProgress(env, queryId)) === undefined ? missed + 1 : 0;
      answeredAt = performance.now();
    } catch (error) {
      if (!(error instanceof FailureError) || error.failure.kind === 'terminal') throw error;
      await env.revive?.();
      if (performance.now() - answeredAt > unreachableMs) {
        throw failed(
          'transient',
          lost.code,
          `${env.purpose}: the server has been out of reach for ${Math.round(unreachableMs / 1000)} s, ` +
            `the statement's outcome is unknown (query id ${queryId})`,
        );
      }
    }
  }
}

type Logged = { ended: 'well' } | { ended: 'with an exception'; code: number; text: string };

/** Undefined: there is no log, it may not be read, or it holds no end of this statement. */
async function readLog(
  env: LongCommandEnvironment,
  queryId: string,
  options: LongCommandOptions,
): Promise<Logged | undefined> {
  const deadline = performance.now() + LOG_WAIT_MS;
  for (let flushed = 0; ; ) {
    try {
      // On a server that was restarted and has logged nothing since, the flush alone would never answer.
      await env.target.query('SELECT 1 SETTINGS log_queries = 1', { withoutDatabase: true });
      await env.target.command('SYSTEM FLUSH LOGS', { withoutDatabase: true });
      flushed++;
    } catch (error) {
      // Without the right to flush, the log is waited for.
      if (!(error instanceof FailureError)) throw error;
    }
    try {
      const rows = await env.target.query<{ type: string; exception_code: number; exception: string }>(
        `SELECT type, exception_code, exception FROM system.query_log
         WHERE query_id = {id:String} AND type != 'QueryStart' AND event_date >= yesterday() - 1
         ORDER BY event_time_microseconds DESC LIMIT 1`,
        { params: { id: queryId }, withoutDatabase: true },
      );
      const row = rows[0];
      if (row?.type === 'QueryFinish') return { ended: 'well' };
      if (row !== undefined) return { ended: 'with an exception', code: row.exception_code, text: row.exception };
    } catch (error) {
      if (!(error instanceof FailureError)) throw error;
      if (error.failure.kind === 'terminal') return undefined;
    }
    // A log that was flushed twice and does not know the statement never will.
    if (flushed >= 2 || performance.now() > deadline || options.signal?.aborted === true) return undefined;
    await sleep(POLL_MS);
  }
}

async function readProgress(env: LongCommandEnvironment, queryId: string): Promise<LongProgress | undefined> {
  const rows = await env.target.query<{ elapsed: number; read_rows: string; total: string }>(
    `SELECT elapsed, read_rows, total_rows_approx AS total FROM system.processes WHERE query_id = {id:String}`,
    { params: { id: queryId }, withoutDatabase: true },
  );
  const row = rows[0];
  if (row === undefined) return undefined;
  return {
    elapsedMs: Math.round(row.elapsed * 1000),
    readRows: Number(row.read_rows),
    totalRows: Number(row.total),
  };
}

async function watchProgress(
  env: LongCommandEnvironment,
  queryId: string,
  onProgress: (progress: LongProgress) => void,
  signal: AbortSignal,
): Promise<void> {
  for (;;) {
    try {
      await sleep(2 * POLL_MS, undefined, { signal });
    } catch {
      return;
    }
    try {
      const progress = await readProgress(env, queryId);
      if (progress !== undefined && !signal.aborted) onProgress(progress);
    } catch (error) {
      // Progress is a courtesy: what matters is decided by the statement's own answer.
      if (!(error instanceof FailureError)) throw error;
    }
  }
}

async function killStatement(env: LongCommandEnvironment, queryId: string): Promise<void> {
  try {
    await env.target.command('KILL QUERY WHERE query_id = {id:String} ASYNC', {
      params: { id: queryId },
      withoutDatabase: true,
    });
  } catch (error) {
    // It ends by itself, only later.
    if (!(error instanceof FailureError)) throw error;
  }
}
