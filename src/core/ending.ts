import { EXIT, type ExitCode, ExitError } from './exit.js';
import { type Failure, type FailureCode, FailureError } from './failure.js';

/** How a command ends that did not end well: code, what happened, what to do next. */
export interface Ending {
  readonly code: ExitCode;
  readonly message: string;
  readonly hint: string;
}

export function endingOf(error: unknown): Ending {
  if (error instanceof ExitError) return { code: error.code, message: error.message, hint: error.hint ?? '' };
  if (error instanceof FailureError) return endingOfFailure(error.failure);
  const message = error instanceof Error ? error.message : String(error);
  const own = OWN_SIDE[String((error as NodeJS.ErrnoException | null)?.code)];
  if (own !== undefined) return { code: EXIT.usage, message, hint: `${own}, then run the same command again` };
  return {
    code: EXIT.usage,
    message: `unexpected error: ${message}`,
    hint: 'nothing acknowledged is lost; please report it with the run.log of the run',
  };
}

const NOT_OURS =
  'this user may not write there: give the folder to it (chown, chmod), or name another with --checkpoints DIR or --clickhouse-dir DIR';

/** What this machine refuses: the checkpoint of before is whole, as it is only ever replaced. */
const OWN_SIDE: Readonly<Record<string, string>> = {
  ENOSPC: 'the disk is full: make room',
  EDQUOT: 'the quota is used up: make room',
  EFBIG: 'a file may not grow any further: raise the limit (ulimit -f) or make room',
  EROFS: 'the folder is read-only: give another --checkpoints DIR or mount it for writing',
  EACCES: NOT_OURS,
  EPERM: NOT_OURS,
  EMFILE: 'too many files are open: raise the limit (ulimit -n)',
  ENFILE: 'too many files are open on this machine: close some',
  EIO: 'the disk reports errors: check it (dmesg, smartctl), or name a folder on another disk with --checkpoints DIR',
};

/** What to do about each; null: to run the command again, where the failure may pass. */
const HINTS: Readonly<Record<FailureCode, string | null>> = {
  target_denied: 'check CLICKHOUSE_USER, CLICKHOUSE_PASSWORD and the rights of that user on the database',
  target_schema: 'a table is missing or was changed meanwhile; fills --fresh makes the staging table anew',
  target_connection: 'check CLICKHOUSE_URL and that the server is up, then run the same command again',
  target_disk_full: 'make room on the ClickHouse disk, then run the same command again',
  target_query_memory:
    'raise --max-memory-mb (BACKFILL_MAX_MEMORY_MB), or max_memory_usage of the ClickHouse user where that is lower; then run the same command again',
  target_drop_refused:
    'let this login set max_table_size_to_drop, or drop the table by hand (see force_drop_table of ClickHouse); then run the same command again',
  connection: 'check --source-url and the network, then run the same command again',
  query_refused: 'check --source-url: it must be an orderbook subgraph, and GOLDSKY_TOKEN where it is private',
  indexing_error:
    'the subgraph has failed to index a block, and its owner has to repair it; run the same command again after that',
  throttled: null,
  deadline: null,
  http_5xx: null,
  statement_timeout: null,
  query_timeout: null,
  overloaded: null,
  store_unavailable: null,
  reorganized: null,
  behind: null,
  bad_response: null,
  bad_page:
    'the source sends rows that were not asked for: check that --source-url is an orderbook subgraph; where it is, try again later',
  pin_refused: null,
  target_timeout: null,
  target_busy: null,
  target_readonly: null,
  target_user_readonly: 'give CLICKHOUSE_USER a login that may write, then run the same command again',
  target_refused: 'ClickHouse gives the reason above: change what it names, then run the same command again',
  thread_lost: null,
  stopped: null,
  bug: 'this is a defect of backfill: please report it with the run.log of the run; nothing acknowledged is lost',
};

export function endingOfFailure(failure: Failure): Ending {
  const passing = failure.kind !== 'terminal' || failure.code === 'indexing_error';
  return {
    code: passing ? EXIT.unavailable : EXIT.usage,
    message: failure.message,
    hint:
      HINTS[failure.code] ?? (passing ? 'run the same command again' : 'backfill --help lists commands and options'),
  };
}

export function renderEnding(ending: Ending): string {
  return `backfill: ${ending.message}\n${ending.hint === '' ? '' : `  → ${ending.hint}\n`}`;
}
