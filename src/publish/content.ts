import { longQueryFile, only, type Work } from '../clickhouse/heavy.js';

/** What a table holds, whatever its parts: two tables of equal content hold the same rows. */
export interface Content {
  readonly rows: number;
  readonly checksum: string;
}

export async function contentOf(work: Work, table: string): Promise<Content> {
  const row = only(
    await longQueryFile<{ rows: string; checksum: string }>(work, 'verify/checksum', { names: { fills: table } }),
    table,
  );
  return { rows: Number(row.rows), checksum: row.checksum };
}
