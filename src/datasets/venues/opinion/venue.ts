import type { VenueParts } from '../parts.js';
import { books } from './books.js';
import { history } from './history.js';
import { byName, deltaLists, staticLists } from './list.js';
import { prices } from './prices.js';
import { trades } from './trades.js';

export const opinion: VenueParts = {
  venue: 'opinion',
  hosts: ['opinion'],
  staticLists,
  deltaLists,
  byName,
  askAfterDelta: 'all',
  prices,
  books,
  trades,
  history,
  lacks: ['trades (its websocket only)', 'prices in the listing', 'what changed since: the full list is read again'],
  rankedBy: 'the dollar volume of 24 hours, which only top rows have',
  ranksByLifetime: false,
  pricesInBooks: false,
};
