/** What the rest of the program may ask of ClickHouse; `client.ts` implements it, embedded or remote alike. */
export interface TargetSettings {
  /** Absent: the embedded server is used (`open.ts`). May hold `user:password@`, which then win over the fields below. */
  readonly url?: string;
  readonly username: string;
  readonly password: string;
  readonly database: string;
  /** How long a request may take. Statements that may take longer go through `longCommand`. */
  readonly requestTimeoutMs: number;
  /** Connections kept open: at least as many as there are inserts at once. */
  readonly maxSockets?: number;
  /** `async`: async_insert=1 and wait_for_async_insert=1; `sync`: async_insert=0. Both return after the rows are written. */
  readonly insertMode?: InsertMode;
  /** gzip both ways. Absent: off on loopback, where it only costs CPU, on elsewhere. */
  readonly compression?: boolean;
}

export type InsertMode = 'async' | 'sync';

export interface StatementOptions {
  /** Server-side parameters: `{name:Type}` in the SQL. Values never become SQL text. */
  readonly params?: Readonly<Record<string, unknown>>;
  /** Names for `{name:Identifier}`, quoted on our side: see `quoteIdentifier`. */
  readonly names?: Readonly<Record<string, string>>;
  readonly settings?: Readonly<Record<string, string | number>>;
  readonly queryId?: string;
  readonly signal?: AbortSignal;
  /** Run it outside of the database, which may not exist yet. */
  readonly withoutDatabase?: boolean;
  /** What the statement is for, in messages. Absent: its first words. */
  readonly purpose?: string;
  /** Whether it may be sent again after a passing failure. Absent: told by its words (`repeatable.ts`). */
  readonly repeatable?: boolean;
}

export interface InsertOptions extends StatementOptions {
  /** Wins over the target's own. */
  readonly insertMode?: InsertMode;
}

export interface LongCommandOptions extends StatementOptions {
  /** Called about once a second while the statement runs. */
  readonly onProgress?: (progress: LongProgress) => void;
  /**
   * Asked when the connection was lost, the statement is no longer running and the server kept no record of its end: has it
   * taken effect? Without it such a statement counts as failed (transient), never as done.
   */
  readonly verifyDone?: () => Promise<boolean>;
  /** How long the server may be out of reach, after the connection was lost, before the outcome counts as unknown. */
  readonly unreachableMs?: number;
}

export interface Target {
  /** Without credentials. */
  readonly url: string;
  readonly username: string;
  readonly database: string;
  /** Runs a statement that returns no rows. Throws FailureError with a `target_*` code, as all methods here. */
  command(sql: string, options?: StatementOptions): Promise<void>;
  /**
   * Like `command`, for statements that may outlive the request time-out or the connection: what became of it is then found
   * out by its query id, and it is never run a second time.
   */
  longCommand(sql: string, options?: LongCommandOptions): Promise<void>;
  /** Rows as objects; 64-bit and wider integers and Decimals come as strings. */
  query<Row>(sql: string, options?: StatementOptions): Promise<Row[]>;
  /** The answer as tab-separated text, for the few statements that take no FORMAT (CHECK GRANT). */
  queryText(sql: string, options?: StatementOptions): Promise<string>;
  /** One INSERT of RowBinary bytes; resolves when the server has acknowledged the rows. `bytes` must not change meanwhile. */
  insertRowBinary(table: string, columns: readonly string[], bytes: Uint8Array, options?: InsertOptions): Promise<void>;
  /** Small tables by JSONEachRow, in batches. Columns are those of the first row; bigint values are allowed. */
  insertRows(table: string, rows: readonly Record<string, unknown>[], options?: InsertOptions): Promise<void>;
  /** An INSERT statement whose data (`… FORMAT X`) follow it as the body. */
  insertBody(sql: string, body: Uint8Array | string, options?: InsertOptions): Promise<void>;
  /** Resolves when the server answers this login now. Throws FailureError. */
  ping(): Promise<void>;
  close(): Promise<void>;
}

export interface LongProgress {
  readonly elapsedMs: number;
  readonly readRows: number;
  /** The server's estimate; 0 when it has none. */
  readonly totalRows: number;
}
