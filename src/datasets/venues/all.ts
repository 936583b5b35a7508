import { kalshi } from './kalshi/venue.js';
import { limitless } from './limitless/venue.js';
import type { Venue } from './model.js';
import { opinion } from './opinion/venue.js';
import type { VenueParts } from './parts.js';
import { polymarket } from './polymarket/venue.js';

export const VENUE_PARTS: Readonly<Record<Venue, VenueParts>> = { polymarket, kalshi, limitless, opinion };
