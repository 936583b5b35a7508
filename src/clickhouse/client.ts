import { Readable } from 'node:stream';
import { type ClickHouseClient, ClickHouseLogLevel, type ClickHouseSettings, createClient } from '@clickhouse/client';
import { FailureError, failed } from '../core/failure.js';
import { classifyTargetError } from './failures.js';
import { runLongCommand } from './long-command.js';
import { bindIdentifiers, describeStatement, quoteIdentifier } from './sql.js';
import type {
  InsertMode,
  InsertOptions,
  LongCommandOptions,
  StatementOptions,
  Target,
  TargetSettings,
} from './target.js';
import { parseTargetUrl } from './url.js';

const DEFAULT_MAX_SOCKETS = 64;
/** Rows of one JSONEachRow request: bounds the text held in memory. */
const JSON_ROWS_PER_INSERT = 20_000;

/** Sent with everything. */
const BASE_SETTINGS: ClickHouseSettings = {
  // The answer begins when the statement has ended, so its status tells how it ended.
  wait_end_of_query: 1,
  // They overflow Node's 16 KB of headers on long statements.
  send_progress_in_http_headers: 0,
  output_format_json_quote_64bit_integers: 1,
  output_format_json_quote_decimals: 1,
};

/** Of every insert, where the server has them and lets the user set them. */
const OPTIONAL_INSERT_SETTINGS: Readonly<Record<string, string | number>> = {
  deduplicate_insert: 'disable',
  // Merges collapse copies and make the bloom filter of a part: done in each insert as well, 3.7 µs a row instead of 3.0.
  optimize_on_insert: 0,
  materialize_skip_indexes_on_insert: 0,
};

/** Of statements that drop what is ours: servers protect tables above 50 GB from being dropped unless that is lifted. */
const OPTIONAL_DROP_SETTINGS: Readonly<Record<string, number>> = {
  max_table_size_to_drop: 0,
  max_partition_size_to_drop: 0,
};
const DROPS = /^(?:\s+|--[^\n]*\n)*(?:DROP TABLE|TRUNCATE|CREATE OR REPLACE)\b/i;

/**
 * Connects lazily: nothing is sent before the first statement. Throws ExitError(1) for a URL that is none, FailureError with a
 * `target_*` code from the methods. `revive` brings back a server of our own that is gone: only its owner can.
 */
export async function openTarget(settings: TargetSettings, revive?: () => Promise<void>): Promise<Target> {
  if (settings.url === undefined) throw failed('terminal', 'bug', 'openTarget needs a URL: see openTargetOrEmbedded');
  return new ClickHouseTarget(settings, settings.url, revive);
}

class ClickHouseTarget implements Target {
  readonly url: string;
  readonly username: string;
  readonly database: string;
  readonly #password: string;
  readonly #requestTimeoutMs: number;
  readonly #insertMode: InsertMode;
  readonly #client: ClickHouseClient;
  /** Of RowBinary inserts: the hot path has one table and one list of columns. */
  readonly #insertSql = new Map<string, string>();
  #ofInserts: Promise<Record<string, string | number>> | undefined;
  #ofDrops: Promise<Record<string, string | number>> | undefined;

  constructor(
    settings: TargetSettings,
    url: string,
    private readonly revive: (() => Promise<void>) | undefined,
  ) {
    const parsed = parseTargetUrl(url);
    this.url = parsed.url;
    this.username = parsed.username ?? settings.username;
    this.database = settings.database;
    this.#password = parsed.password ?? settings.password;
    this.#requestTimeoutMs = settings.requestTimeoutMs;
    this.#insertMode = settings.insertMode ?? 'async';
    const compression = settings.compression ?? !parsed.loopback;
    this.#client = createClient({
      url: parsed.origin,
      ...(parsed.pathname === '' ? {} : { pathname: parsed.pathname }),
      username: this.username,
      password: this.#password,
      application: 'backfill',
      request_timeout: settings.requestTimeoutMs,
      max_open_connections: settings.maxSockets ?? DEFAULT_MAX_SOCKETS,
      // Long lists of parameters do not fit into a URL.
      use_multipart_params_auto: true,
      compression: { request: compression, response: compression },
      keep_alive: { enabled: true },
      clickhouse_settings: BASE_SETTINGS,
      json: { parse: JSON.parse, stringify: stringifyRow },
      log: { level: ClickHouseLogLevel.OFF },
    });
  }

  async command(sql: string, options: StatementOptions = {}): Promise<void> {
    await this.queryText(sql, await this.#mayDrop(sql, options));
  }

  async longCommand(sql: string, given: LongCommandOptions = {}): Promise<void> {
    const options = await this.#mayDrop(sql, given);
    await runLongCommand(
      {
        // No deadline of our own: the statement may take longer than any request.
        silentMs: this.#requestTimeoutMs,
        send: (queryId, lost) =>
          this.#send(
            sql,
            { ...options, signal: options.signal === undefined ? lost : AbortSignal.any([options.signal, lost]) },
            (signal) =>
              this.#exec(
                sql,
                // Its entry in the log is how its end is known when the connection is lost.
                { ...options, queryId, settings: { log_queries: 1, ...options.settings } },
                signal,
              ),
            Number.POSITIVE_INFINITY,
          ),
        target: this,
        revive: this.revive,
        purpose: options.purpose ?? describeStatement(sql),
        context: (purpose) => this.#context(purpose),
      },
      options,
    );
  }

  async query<Row>(sql: string, options: StatementOptions = {}): Promise<Row[]> {
    return this.#send(sql, options, async (signal) => {
      const result = await this.#client.query({
        ...this.#params(sql, options, signal),
        format: 'JSONEachRow',
      });
      // The client lets go of the signal once the answer has begun.
      signal.addEventListener('abort', () => result.close(), { once: true });
      return (await result.json()) as Row[];
    });
  }

  async queryText(sql: string, options: StatementOptions = {}): Promise<string> {
    return this.#send(sql, options, (signal) => this.#exec(sql, options, signal));
  }

  async insertRowBinary(
    table: string,
    columns: readonly string[],
    bytes: Uint8Array,
    options: InsertOptions = {},
  ): Promise<void> {
    if (bytes.byteLength === 0) return;
    await this.insertBody(this.#insertStatement(table, columns, 'RowBinary'), bytes, options);
  }

  async insertRows(
    table: string,
    rows: readonly Record<string, unknown>[],
    options: InsertOptions = {},
  ): Promise<void> {
    const first = rows[0];
    if (first === undefined) return;
    const sql = this.#insertStatement(table, Object.keys(first), 'JSONEachRow');
    for (let from = 0; from < rows.length; from += JSON_ROWS_PER_INSERT) {
      const part = rows.slice(from, from + JSON_ROWS_PER_INSERT);
      await this.insertBody(sql, part.map((row) => stringifyRow(row)).join('\n'), options);
    }
  }

  async insertBody(sql: string, body: Uint8Array | string, options: InsertOptions = {}): Promise<void> {
    const settings = { ...(await this.#insertSettings(options)), ...options.settings };
    await this.#send(sql, options, async (signal) => {
      const { stream } = await this.#client.exec({
        ...this.#params(sql, { ...options, settings }, signal),
        values: Readable.from([body]),
      });
      await readAnswer(stream, signal);
    });
  }

  async ping(): Promise<void> {
    await this.query('SELECT 1', { withoutDatabase: true, purpose: 'asking whether ClickHouse answers' });
  }

  async close(): Promise<void> {
    await this.#client.close();
  }

  async #exec(sql: string, options: StatementOptions, signal: AbortSignal): Promise<string> {
    const { stream } = await this.#client.exec(this.#params(sql, options, signal));
    return readAnswer(stream, signal);
  }

  #params(sql: string, options: StatementOptions, signal: AbortSignal) {
    return {
      query: options.names === undefined ? sql : bindIdentifiers(sql, options.names),
      abort_signal: signal,
      clickhouse_settings: {
        ...options.settings,
        // As a URL parameter it may hold any name, unlike a header; `default` is sent like any other.
        ...(options.withoutDatabase === true ? {} : { database: this.database }),
      } as ClickHouseSettings,
      ...(options.params === undefined ? {} : { query_params: { ...options.params } }),
      ...(options.queryId === undefined ? {} : { query_id: options.queryId }),
    };
  }

  /** Sends one request, with the deadline and the caller's signal over all of it; what is thrown is a FailureError. */
  async #send<T>(
    sql: string,
    options: StatementOptions,
    send: (signal: AbortSignal) => Promise<T>,
    deadlineMs = this.#requestTimeoutMs,
  ): Promise<T> {
    const context = this.#context(options.purpose ?? describeStatement(sql));
    if (options.signal?.aborted === true) throw failed('transient', 'stopped', `${context.purpose}: stopped`);
    const controller = new AbortController();
    const abort = (): void => controller.abort();
    let late = false;
    const onDeadline = (): void => {
      late = true;
      controller.abort();
    };
    const timer = Number.isFinite(deadlineMs) ? setTimeout(onDeadline, deadlineMs) : undefined;
    options.signal?.addEventListener('abort', abort, { once: true });
    try {
      return await send(controller.signal);
    } catch (error) {
      throw new FailureError(classifyTargetError(late ? new Error('Timeout error.') : error, context));
    } finally {
      clearTimeout(timer);
      options.signal?.removeEventListener('abort', abort);
    }
  }

  #context(purpose: string): { purpose: string; url: string; password: string } {
    return { purpose, url: this.url, password: this.#password };
  }

  #insertStatement(table: string, columns: readonly string[], format: string): string {
    const key = `${format} ${table}`;
    const known = this.#insertSql.get(key);
    if (known !== undefined) return known;
    const list = columns.map(quoteIdentifier).join(', ');
    const sql = `INSERT INTO ${quoteIdentifier(table)} (${list}) FORMAT ${format}`;
    if (format === 'RowBinary') this.#insertSql.set(key, sql);
    return sql;
  }

  async #insertSettings(options: InsertOptions): Promise<Record<string, string | number>> {
    const mode = options.insertMode ?? this.#insertMode;
    return {
      // A re-inserted chunk must be written, not swallowed: the row key collapses copies, nothing else does.
      insert_deduplicate: 0,
      ...(await this.#optionalSettings()),
      ...(mode === 'async' ? { async_insert: 1, wait_for_async_insert: 1 } : { async_insert: 0 }),
    };
  }

  async #mayDrop<Options extends StatementOptions>(sql: string, options: Options): Promise<Options> {
    if (!DROPS.test(sql)) return options;
    this.#ofDrops ??= this.#settable(OPTIONAL_DROP_SETTINGS, 'drops').catch((error: unknown) => {
      this.#ofDrops = undefined;
      throw error;
    });
    return { ...options, settings: { ...(await this.#ofDrops), ...options.settings } };
  }

  #optionalSettings(): Promise<Record<string, string | number>> {
    this.#ofInserts ??= this.#settable(OPTIONAL_INSERT_SETTINGS, 'inserts').catch((error: unknown) => {
      this.#ofInserts = undefined;
      throw error;
    });
    return this.#ofInserts;
  }

  /** Those that may be set: an unknown one would be an error. Asked once for each kind of statement. */
  async #settable(
    wanted: Readonly<Record<string, string | number>>,
    what: string,
  ): Promise<Record<string, string | number>> {
    const settable = `SELECT name FROM system.settings
      WHERE name IN {names:Array(String)} AND (readonly = 0 OR name = 'deduplicate_insert')`;
    const rows = await this.query<{ name: string }>(settable, {
      params: { names: Object.keys(wanted) },
      withoutDatabase: true,
      purpose: `looking up the settings of ${what}`,
    });
    return Object.fromEntries(rows.map(({ name }) => [name, wanted[name] as string | number]));
  }
}

function stringifyRow(row: unknown): string {
  return JSON.stringify(row, (_key, value: unknown) => (typeof value === 'bigint' ? value.toString() : value));
}

/** Reads the answer to its end, so that the connection can serve the next request. An answer cut short is an error. */
async function readAnswer(stream: Readable, signal: AbortSignal): Promise<string> {
  const stop = (): void => {
    stream.destroy(new Error('The user aborted a request.'));
  };
  if (signal.aborted) stop();
  signal.addEventListener('abort', stop, { once: true });
  try {
    const parts: Buffer[] = [];
    for await (const part of stream) parts.push(part as Buffer);
    return Buffer.concat(parts).toString('utf8');
  } finally {
    signal.removeEventListener('abort', stop);
  }
}
