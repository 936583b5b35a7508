import type { ThreadEntry } from '../engine/ports.js';
import type { ConditionThreadSettings } from './conditions/chain/thread.js';
import type { SubgraphThreadSettings } from './fills/subgraph/thread.js';

/**
 * Where the threads of each data set begin. A new one is a line here: a module that exports `open`, and its settings.
 */
export const FILLS_OF_SUBGRAPH: ThreadEntry<SubgraphThreadSettings> = {
  url: new URL('./fills/subgraph/thread.js', import.meta.url).href,
  load: () => import('./fills/subgraph/thread.js'),
};

export const CONDITIONS_OF_CHAIN: ThreadEntry<ConditionThreadSettings> = {
  url: new URL('./conditions/chain/thread.js', import.meta.url).href,
  load: () => import('./conditions/chain/thread.js'),
};
