import { verifyRun } from '../../datasets/fills/checks/verify-run.js';
import { renderFindings, withWords } from '../../report/findings.js';
import { stepAgain } from '../again.js';
import type { Context } from '../context.js';
import { openCountSource } from '../open-count-source.js';
import { lockedRun } from '../open-run.js';
import { openWork } from '../open-target.js';
import { endOfVerify } from '../steps/promote-step.js';

/** Proves that staging holds what the source counts. Throws ExitError(3) when a gate fails. */
export async function verify(ctx: Context): Promise<void> {
  const found = await lockedRun(ctx);
  const work = await openWork(ctx);
  const { acceptRejected } = ctx.config;
  const openSource = () => openCountSource(ctx, found.checkpoint);
  const verdict = await stepAgain(ctx, 'verify', () => verifyRun(work, { found, openSource, acceptRejected }));
  ctx.out.result({ ...verdict, gates: withWords(verdict.gates) });
  ctx.out.text(renderFindings(`run ${found.folder.id}`, verdict.gates));
  endOfVerify(found, verdict);
}
