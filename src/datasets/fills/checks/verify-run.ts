import type { Work } from '../../../clickhouse/heavy.js';
import { stagingOwner } from '../../../clickhouse/staging.js';
import { FILLS_LIVE, FILLS_STAGING } from '../../../clickhouse/tables.js';
import { type Finding, finding } from '../../../core/finding.js';
import type { Verdict } from '../../../publish/verdict.js';
import type { FoundRun } from '../../../run/run-folder.js';
import { completeGates } from './complete-gate.js';
import type { CountSource } from './count-source.js';
import { type Judged, judgeTable } from './judge.js';

export interface VerifyOptions {
  readonly found: FoundRun;
  /** Opened only when a token differs from the source's count, or has none; absent: such a token fails. */
  readonly openSource?: (() => Promise<CountSource>) | undefined;
  readonly acceptRejected: number;
  readonly now?: () => Date;
  /** The table to judge. */
  readonly fills?: string;
}

/**
 * Judges the run's staging table, or live once it is the run's, and stores the verdict in its folder, together with the checksum of what was judged, so that a
 * later change of the table makes it void. The caller holds the run's lock. Throws FailureError when the target fails.
 */
export async function verifyRun(work: Work, options: VerifyOptions): Promise<Verdict> {
  const { found: run, acceptRejected } = options;
  const { folder } = run;
  const fills = options.fills ?? (await tableOf(work, folder.id));
  const checkpoint = folder.readCheckpoint() ?? run.checkpoint;
  const now = options.now ?? (() => new Date());
  const gates: Finding[] = completeGates(checkpoint, acceptRejected);
  const state = await stagingOwner(work.target, fills);
  let content: Judged['content'] = { rows: 0, checksum: '0' };
  if (state === undefined || state.owner !== folder.id) {
    gates.push(noTable(fills, folder.id, state?.owner));
  } else {
    const { openSource } = options;
    const judged = await judgeTable(work, { fills, folder, checkpoint, openSource, acceptRejected });
    content = judged.content;
    gates.push(...judged.gates);
  }
  const verdict: Verdict = {
    version: 2,
    run: folder.id,
    at: now().toISOString(),
    passed: gates.every((gate) => gate.status !== 'failed'),
    uuid: state?.uuid ?? '',
    rows: content.rows,
    checksum: content.checksum,
    block: checkpoint.block,
    pinned: checkpoint.pinned,
    rejected: checkpoint.rejected,
    acceptRejected,
    gates,
  };
  folder.writeJson(folder.verdictPath, verdict);
  return verdict;
}

/** A run that went live is judged where it is now. */
async function tableOf(work: Work, run: string): Promise<string> {
  const staging = await stagingOwner(work.target, FILLS_STAGING);
  if (staging?.owner === run) return FILLS_STAGING;
  const live = await stagingOwner(work.target, FILLS_LIVE);
  return live?.owner === run ? FILLS_LIVE : FILLS_STAGING;
}

function noTable(fills: string, run: string, owner: string | undefined): Finding {
  return finding('staging_owner', 'failed', { table: fills, run, owner: owner ?? '' });
}
