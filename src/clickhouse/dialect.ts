import { usageError } from '../core/exit.js';

/**
 * What differs between kinds of ClickHouse: where tables may lie, and which engines they are made with. Everything else is the
 * same SQL everywhere. A further kind (Replicated databases, clusters) is a further entry here.
 */
export interface Dialect {
  readonly name: string;
  /** Engines of databases in which EXCHANGE TABLES is atomic and a row is seen by every reader. */
  readonly databaseEngines: readonly string[];
  /** Engines that tables are made with; some servers ask for a grant to use one. */
  readonly tableEngines: readonly string[];
  /** What such a server calls the engine that was asked for as ReplacingMergeTree. */
  readonly replacing: RegExp;
}

/** Cloud is one server to its clients: it makes every MergeTree a SharedMergeTree by itself. */
const ONE_SERVER: Dialect = {
  name: 'one server',
  databaseEngines: ['Atomic', 'Shared'],
  tableEngines: ['MergeTree', 'ReplacingMergeTree'],
  replacing: /^(Shared|Replicated)?ReplacingMergeTree$/,
};

const DIALECTS: readonly Dialect[] = [ONE_SERVER];

/** What a database is made with where there is none yet. */
export const DEFAULT_DIALECT = ONE_SERVER;

/** By the engine of the database. Throws ExitError(1) for one in which rows could be lost or a switch be seen half. */
export function dialectOf(database: string, engine: string): Dialect {
  const dialect = DIALECTS.find(({ databaseEngines }) => databaseEngines.includes(engine));
  if (dialect !== undefined) return dialect;
  if (engine === 'Replicated') {
    throw usageError(
      `the database ${JSON.stringify(database)} has the engine Replicated: its tables are made on every replica, but the rows of a MergeTree would stay on the one that took them`,
      'use a --database with the engine Atomic: it is made when missing',
    );
  }
  throw usageError(
    `the database ${JSON.stringify(database)} has the engine ${engine}, in which tables cannot be exchanged`,
    'use another --database: it is made when missing',
  );
}
