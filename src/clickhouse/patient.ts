import type { FailureError } from '../core/failure.js';
import { isRepeatable } from './repeatable.js';
import type { InsertOptions, LongCommandOptions, StatementOptions, Target } from './target.js';

/** Asks again for as long as the failure is a passing one. `mayRepeat`: whether this failure allows it. */
export type Again = <T>(
  what: string,
  ask: () => Promise<T>,
  mayRepeat: (failure: FailureError['failure']) => boolean,
) => Promise<T>;

/**
 * A target whose bookkeeping survives what the load survives: a statement that fails in passing is sent again, where sending it
 * twice does no harm. Inserts of rows are repeated as well, since every table of ours collapses copies by its key; those of
 * fills are the loader's own affair, and it has its own connections.
 */
export function patientTarget(target: Target, again: Again): Target {
  const always = () => true;
  const whereSafe = (sql: string, options: StatementOptions) => {
    const repeatable = options.repeatable ?? isRepeatable(sql);
    return (failure: FailureError['failure']) => repeatable || failure.unsent === true;
  };
  const purposeOf = (sql: string, options: StatementOptions) => options.purpose ?? sql.trim().slice(0, 40);
  return {
    url: target.url,
    username: target.username,
    database: target.database,
    command: (sql: string, options: StatementOptions = {}) =>
      again(purposeOf(sql, options), () => target.command(sql, options), whereSafe(sql, options)),
    longCommand: (sql: string, options: LongCommandOptions = {}) =>
      again(purposeOf(sql, options), () => target.longCommand(sql, options), whereSafe(sql, options)),
    query: <Row>(sql: string, options: StatementOptions = {}) =>
      again(purposeOf(sql, options), () => target.query<Row>(sql, options), always),
    queryText: (sql: string, options: StatementOptions = {}) =>
      again(purposeOf(sql, options), () => target.queryText(sql, options), whereSafe(sql, options)),
    insertRowBinary: (table, columns, bytes, options) => target.insertRowBinary(table, columns, bytes, options),
    insertRows: (table: string, rows: readonly Record<string, unknown>[], options: InsertOptions = {}) =>
      again(options.purpose ?? `writing ${table}`, () => target.insertRows(table, rows, options), always),
    insertBody: (sql: string, body: Uint8Array | string, options: InsertOptions = {}) =>
      again(purposeOf(sql, options), () => target.insertBody(sql, body, options), always),
    // Whoever pings wants to know how it is now.
    ping: () => target.ping(),
    close: () => target.close(),
  };
}
