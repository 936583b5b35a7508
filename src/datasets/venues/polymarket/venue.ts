import type { VenueParts } from '../parts.js';
import { books } from './books.js';
import { history } from './history.js';
import { byName, deltaLists, staticLists } from './list.js';
import { prices } from './prices.js';
import { trades } from './trades.js';

export const polymarket: VenueParts = {
  venue: 'polymarket',
  hosts: ['gamma', 'clob', 'dataApi'],
  staticLists,
  deltaLists,
  byName,
  askAfterDelta: 'traded or due',
  prices,
  books,
  trades,
  history,
  lacks: ['what changed since: new markets and those that traded in 24 hours are read again'],
  rankedBy: 'the dollar volume of 24 hours',
  ranksByLifetime: false,
  pricesInBooks: true,
};
