import { type Failure, type FailureCode, FailureError, type FailureKind, failureOf } from '../core/failure.js';
import { hider } from '../core/hide.js';

/** What an exception code of ClickHouse means for a loader. What is not listed is terminal: `target_refused`. */
export const EXCEPTIONS: Readonly<Record<number, readonly [FailureKind, FailureCode, string]>> = {
  // A body cut on its way: the server refuses the whole insert, so it can be sent again.
  3: ['transient', 'target_connection', 'UNEXPECTED_END_OF_FILE'],
  32: ['transient', 'target_connection', 'ATTEMPT_TO_READ_AFTER_EOF'],
  33: ['transient', 'target_connection', 'CANNOT_READ_ALL_DATA'],
  95: ['transient', 'target_connection', 'CANNOT_READ_FROM_SOCKET'],
  96: ['transient', 'target_connection', 'CANNOT_WRITE_TO_SOCKET'],
  210: ['transient', 'target_connection', 'NETWORK_ERROR'],
  236: ['transient', 'target_connection', 'ABORTED'],
  279: ['transient', 'target_connection', 'ALL_CONNECTION_TRIES_FAILED'],
  1000: ['transient', 'target_connection', 'POCO_EXCEPTION'],
  // Replication: the cluster is there, its coordination is not.
  225: ['transient', 'target_connection', 'NO_ZOOKEEPER'],
  285: ['transient', 'target_busy', 'TOO_FEW_LIVE_REPLICAS'],
  286: ['transient', 'target_busy', 'UNSATISFIED_QUORUM_FOR_PREVIOUS_WRITE'],
  289: ['transient', 'target_busy', 'REPLICA_IS_NOT_IN_QUORUM'],
  319: ['transient', 'target_timeout', 'UNKNOWN_STATUS_OF_INSERT'],
  999: ['transient', 'target_connection', 'KEEPER_EXCEPTION'],
  // Time.
  159: ['transient', 'target_timeout', 'TIMEOUT_EXCEEDED'],
  209: ['transient', 'target_timeout', 'SOCKET_TIMEOUT'],
  394: ['transient', 'target_timeout', 'QUERY_WAS_CANCELLED'],
  // Load.
  173: ['transient', 'target_busy', 'CANNOT_ALLOCATE_MEMORY'],
  202: ['transient', 'target_busy', 'TOO_MANY_SIMULTANEOUS_QUERIES'],
  241: ['transient', 'target_busy', 'MEMORY_LIMIT_EXCEEDED'],
  252: ['transient', 'target_busy', 'TOO_MANY_PARTS'],
  359: ['terminal', 'target_drop_refused', 'TABLE_SIZE_EXCEEDS_MAX_DROP_SIZE_LIMIT'],
  439: ['transient', 'target_busy', 'CANNOT_SCHEDULE_TASK'],
  473: ['transient', 'target_busy', 'DEADLOCK_AVOIDED'],
  692: ['transient', 'target_busy', 'TOO_MANY_MUTATIONS'],
  745: ['transient', 'target_busy', 'SERVER_OVERLOADED'],
  201: ['transient', 'target_busy', 'QUOTA_EXCEEDED'],
  // Space: an operator may free some while the run waits.
  243: ['transient', 'target_disk_full', 'NOT_ENOUGH_SPACE'],
  // Read-only: a user for good, a table until its replica is well again.
  164: ['terminal', 'target_user_readonly', 'READONLY'],
  242: ['transient', 'target_readonly', 'TABLE_IS_READ_ONLY'],
  // Who may.
  192: ['terminal', 'target_denied', 'UNKNOWN_USER'],
  193: ['terminal', 'target_denied', 'WRONG_PASSWORD'],
  194: ['terminal', 'target_denied', 'REQUIRED_PASSWORD'],
  195: ['terminal', 'target_denied', 'IP_ADDRESS_NOT_ALLOWED'],
  291: ['terminal', 'target_denied', 'DATABASE_ACCESS_DENIED'],
  497: ['terminal', 'target_denied', 'ACCESS_DENIED'],
  516: ['terminal', 'target_denied', 'AUTHENTICATION_FAILED'],
  // Structure.
  8: ['terminal', 'target_schema', 'THERE_IS_NO_COLUMN'],
  10: ['terminal', 'target_schema', 'NOT_FOUND_COLUMN_IN_BLOCK'],
  16: ['terminal', 'target_schema', 'NO_SUCH_COLUMN_IN_TABLE'],
  20: ['terminal', 'target_schema', 'NUMBER_OF_COLUMNS_DOESNT_MATCH'],
  47: ['terminal', 'target_schema', 'UNKNOWN_IDENTIFIER'],
  53: ['terminal', 'target_schema', 'TYPE_MISMATCH'],
  60: ['terminal', 'target_schema', 'UNKNOWN_TABLE'],
  81: ['terminal', 'target_schema', 'UNKNOWN_DATABASE'],
  122: ['terminal', 'target_schema', 'INCOMPATIBLE_COLUMNS'],
};

/** TOO_MANY_SIMULTANEOUS_QUERIES: said before a statement begins. */
const TURNED_AWAY = 202;

/** MEMORY_LIMIT_EXCEEDED speaks of the server, of a user or of the statement alone; only the last is no matter of waiting. */
const MEMORY_LIMIT = 241;
const OF_THE_QUERY = /\bQuery memory limit exceeded|Memory limit \(for query\) exceeded/i;
const QUERY_MEMORY: readonly [FailureKind, FailureCode, string] = ['terminal', 'target_query_memory', ''];

/** TLS that cannot become right by trying again. */
const TLS_REFUSED = /CERT|SELF_SIGNED|UNABLE_TO_VERIFY|ERR_TLS|EPROTO|ERR_SSL/;
const NO_SPACE = /No space left on device|NOT_ENOUGH_SPACE|Cannot reserve .* not enough space/i;

export interface FailureContext {
  /** What was being done: the statement's purpose or its first words. */
  readonly purpose: string;
  /** Without credentials. */
  readonly url: string;
  /** Never shown; removed from messages wherever it turns up. */
  readonly password: string;
}

/** The exception code of the server, when the error is an answer of the server at all. */
export function serverCode(error: unknown): number | undefined {
  if (!(error instanceof Error) || !('code' in error) || !('type' in error)) return undefined;
  const code = Number(error.code);
  return Number.isInteger(code) ? code : undefined;
}

/** An exception by its code alone, as `system.query_log` keeps it. */
export function classifyException(code: number, text: string, context: FailureContext): Failure {
  const known: readonly [FailureKind, FailureCode, string] = NO_SPACE.test(text)
    ? ['transient', 'target_disk_full', 'NOT_ENOUGH_SPACE']
    : code === MEMORY_LIMIT && OF_THE_QUERY.test(text)
      ? QUERY_MEMORY
      : (EXCEPTIONS[code] ?? ['terminal', 'target_refused', '']);
  const answered = failure(known[0], known[1], `${context.purpose}: ClickHouse error ${code}: ${text}`, context);
  return code === TURNED_AWAY ? { ...answered, unsent: true } : answered;
}

/** Turns whatever the client library threw into a failure. Never mentions credentials. */
export function classifyTargetError(error: unknown, context: FailureContext): Failure {
  if (error instanceof FailureError) return error.failure;
  const code = serverCode(error);
  const text = error instanceof Error ? error.message : String(error);
  if (code !== undefined) return classifyException(code, text, context);

  const systemCode = error instanceof Error && 'code' in error ? String(error.code) : '';
  if (text === 'Timeout error.' || systemCode === 'ETIMEDOUT') {
    return failure('transient', 'target_timeout', `${context.purpose}: ${context.url} did not answer in time`, context);
  }
  if (text === 'The user aborted a request.' || systemCode === 'ABORT_ERR') {
    return failure('transient', 'stopped', `${context.purpose}: stopped`, context);
  }
  // Exceptions of the server's network library carry no type, by which the client tells those of ClickHouse.
  const poco = /Poco::Exception\. Code: (\d+)/.exec(text);
  if (poco !== null) {
    // A request that the server cannot take apart stays one: a parameter above its 128 KB, for example.
    const isForm = text.includes('HTML Form Exception');
    return isForm
      ? failure('terminal', 'target_refused', `${context.purpose}: ${text}`, context)
      : classifyException(Number(poco[1]), text, context);
  }
  const kind = TLS_REFUSED.test(systemCode) ? 'terminal' : 'transient';
  if (systemCode !== '' || /socket hang up|aborted|premature close/i.test(text)) {
    const what = systemCode === '' || text.includes(systemCode) ? text : `${text} (${systemCode})`;
    const lost = failure(kind, 'target_connection', `${context.purpose}: ${context.url}: ${what}`, context);
    return systemCode === 'ECONNREFUSED' ? { ...lost, unsent: true } : lost;
  }
  if (error instanceof TypeError || error instanceof RangeError || error instanceof ReferenceError) {
    return failure('terminal', 'bug', `${context.purpose}: ${error.stack ?? text}`, context);
  }
  // A proxy in between, or no ClickHouse at all: `preflight` tells the latter before anything is touched.
  const answer = text === '' ? 'an empty answer' : text;
  return failure(
    'transient',
    'target_connection',
    `${context.purpose}: ${context.url} answers, but not as ClickHouse does: ${answer}`,
    context,
  );
}

function failure(kind: FailureKind, code: FailureCode, message: string, context: FailureContext): Failure {
  return failureOf(kind, code, hider([context.password])(message));
}
