import type { VenueParts } from '../parts.js';
import { books } from './books.js';
import { history } from './history.js';
import { byName, deltaLists, staticLists } from './list.js';
import { prices } from './prices.js';
import { trades } from './trades.js';

export const kalshi: VenueParts = {
  venue: 'kalshi',
  hosts: ['kalshi'],
  staticLists,
  deltaLists,
  byName,
  askAfterDelta: 'open',
  prices,
  books,
  trades,
  history,
  lacks: ['a sort or filter by volume: a top list reads everything that is open'],
  rankedBy: 'the contracts of 24 hours',
  ranksByLifetime: false,
  pricesInBooks: false,
};
