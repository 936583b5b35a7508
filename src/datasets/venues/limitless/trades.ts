/** Limitless publishes no trades: they are on its websocket only. */
import type { AnyChain, Details } from '../parts.js';

export function trades(_details: Details): AnyChain[] {
  return [];
}
