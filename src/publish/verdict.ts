import { z } from 'zod';
import type { Work } from '../clickhouse/heavy.js';
import { stagingOwner } from '../clickhouse/staging.js';
import { FINDING_IDS } from '../core/finding.js';
import type { RunFolder } from '../run/run-folder.js';
import { contentOf } from './content.js';

const Figures = z.record(z.string(), z.union([z.number(), z.string()])).readonly();

/** `checkpoints/<run>/verdict.json`: what verify found, and of which content. */
export const Verdict = z.object({
  version: z.literal(2),
  run: z.string(),
  at: z.iso.datetime(),
  passed: z.boolean(),
  /** The table that was judged: it keeps its uuid through every rename and exchange. */
  uuid: z.string(),
  rows: z.number().int().min(0),
  /** Of the content, whatever its parts: `sql/verify/checksum.sql`. */
  checksum: z.string(),
  block: z.number().int(),
  pinned: z.boolean(),
  rejected: z.number().int().min(0),
  acceptRejected: z.number().int().min(0),
  gates: z.array(
    z.object({
      id: z.enum(FINDING_IDS),
      status: z.enum(['passed', 'failed', 'warned', 'skipped']),
      figures: Figures,
      offenders: z.array(Figures).readonly(),
    }),
  ),
});
export type Verdict = z.infer<typeof Verdict>;

/** Null when there is none, or one that cannot be understood: then verify runs again. */
export function readVerdict(folder: RunFolder): Verdict | null {
  const parsed = Verdict.safeParse(folder.readJson(folder.verdictPath));
  return parsed.success ? parsed.data : null;
}

/**
 * Whether a verdict still speaks about the table: the same table, the same content, the same patience with rejected rows.
 * Returns why it does not, or null when it does.
 */
export async function whyStale(
  work: Work,
  verdict: Verdict,
  table: string,
  now: { readonly rejected: number; readonly acceptRejected: number },
): Promise<string | null> {
  const state = await stagingOwner(work.target, table);
  if (state === undefined) return `there is no table ${table}`;
  if (state.owner !== verdict.run)
    return `${table} belongs to ${state.owner ?? 'nobody'}, the verdict to ${verdict.run}`;
  if (state.uuid !== verdict.uuid) return `${table} is another table than the one that was verified`;
  if (state.rows !== BigInt(verdict.rows)) return `${table} has ${state.rows} rows, ${verdict.rows} were verified`;
  if (now.rejected !== verdict.rejected || now.acceptRejected < verdict.rejected) return 'rows were rejected since';
  const content = await contentOf(work, table);
  if (content.checksum !== verdict.checksum) return `the content of ${table} has changed since it was verified`;
  return null;
}
