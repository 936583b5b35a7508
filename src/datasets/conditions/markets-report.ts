import { formatCount } from '../../report/format.js';
import { renderFacts } from '../../report/table.js';
import type { ChainMarketsReport } from './chain/markets-of-chain.js';
import type { MarketsReport } from './markets-step.js';

export function renderMarketsReport(r: MarketsReport | ChainMarketsReport): string {
  const facts: [string, string][] = [
    [
      'tokens',
      `${formatCount(r.tokens)} of ${formatCount(r.conditions)} conditions, ${formatCount(r.resolved)} resolved`,
    ],
    ['names', `${formatCount(r.named)} markets have one`],
    ['requests', formatCount(r.requests)],
    ...('chain' in r ? chainFacts(r.chain) : []),
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

function chainFacts(chain: ChainMarketsReport['chain']): [string, string][] {
  const { range, blocks, logs, transport } = chain;
  const facts: [string, string][] = [
    [
      'blocks',
      `${range.from} to ${range.to}; read now by ${transport}: ${formatCount(blocks)}, with ${formatCount(logs)} logs`,
    ],
  ];
  const fact = (name: string, count: number, what: string) => {
    if (count > 0) facts.push([name, `${formatCount(count)} ${what}`]);
  };
  fact('left over', chain.left.length, `ranges of blocks: ${chain.left[0]?.name}: ${chain.left[0]?.failure.message}`);
  fact('third exchange', chain.v3Conditions, 'conditions, known from results and fills');
  fact('combos', chain.combos, 'of them; they stay open: nothing here tells what they pay');
  fact(
    'open losers',
    chain.openLosers,
    'neg-risk conditions whose event has a winner, and no event that says they have lost',
  );
  fact('other outcomes', chain.otherSlots, 'conditions with more or fewer than two outcomes: kept without tokens');
  fact(
    'subgraph alone',
    chain.resolvedBySubgraph,
    'conditions whose payout the subgraph told and no log that was read',
  );
  return facts;
}
