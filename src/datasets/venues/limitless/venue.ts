import type { VenueParts } from '../parts.js';
import { books } from './books.js';
import { history } from './history.js';
import { byName, deltaLists, staticLists } from './list.js';
import { prices } from './prices.js';
import { trades } from './trades.js';

export const limitless: VenueParts = {
  venue: 'limitless',
  hosts: ['limitless'],
  staticLists,
  deltaLists,
  byName,
  askAfterDelta: 'all',
  prices,
  books,
  trades,
  history,
  lacks: ['trades (its websocket only)', 'a volume of 24 hours', 'what changed since: the full list is read again'],
  rankedBy: 'the dollar volume of its life: it has none of 24 hours',
  ranksByLifetime: true,
  pricesInBooks: false,
};
