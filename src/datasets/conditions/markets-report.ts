import { formatCount } from '../../report/format.js';
import { renderFacts } from '../../report/table.js';
import type { MarketsReport } from './markets-step.js';

export function renderMarketsReport(r: MarketsReport): string {
  const facts: [string, string][] = [
    [
      'tokens',
      `${formatCount(r.tokens)} of ${formatCount(r.conditions)} conditions, ${formatCount(r.resolved)} resolved`,
    ],
    ['names', `${formatCount(r.named)} markets have one`],
    ['requests', formatCount(r.requests)],
  ];
  if (r.withoutOutcome > 0)
    facts.push(['place unknown', `${formatCount(r.withoutOutcome)} tokens have a condition, but no place in it`]);
  if (r.unexplained > 0) {
    facts.push([
      'unexplained',
      `${formatCount(r.unexplained)} tokens with fills that no condition explains: ${r.unexplainedTokens[0]}${r.unexplained > 1 ? ', …' : ''}`,
    ]);
  }
  if (r.oddConditions > 0)
    facts.push(['odd', `${formatCount(r.oddConditions)} conditions contradict themselves; see the log`]);
  if (r.setAside.length > 0)
    facts.push(['set aside', `${formatCount(r.setAside.length)} conditions that could not be decoded; see the log`]);
  return renderFacts(facts);
}
