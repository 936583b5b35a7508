/** The chains that bring what the listings do not hold: prices, books, trades and histories of the markets of a choice. */
import { loadSql } from '../../clickhouse/sql.js';
import type { Target } from '../../clickhouse/target.js';
import { decimalText } from '../../core/micros.js';
import type { AnyChain, Choice, Details, MarketRef, VenueParts } from './parts.js';
import { type IngestRun, timeText } from './store.js';

export const DETAILS = ['prices', 'books', 'trades', 'history'] as const;
export type Detail = (typeof DETAILS)[number];

interface ChosenRow {
  readonly market_id: string;
  readonly event_id: string;
  readonly tokens: string[];
  readonly mechanism: MarketRef['mechanism'];
  readonly trades_to: number;
  readonly created_at: number;
}

export async function planDetails(
  target: Target,
  parts: VenueParts,
  { choice, details }: { readonly choice: Choice; readonly details: readonly Detail[] },
  run: IngestRun,
): Promise<AnyChain[]> {
  const { venue } = parts;
  const chosen = choice.top !== null || choice.minVolume !== null;
  const rows = await target.query<ChosenRow>(loadSql('venues/chosen-markets'), {
    params: {
      venue,
      // A choice is made among what this run has seen; everything open is whatever is known to be.
      since: chosen ? timeText(run.startedMs) : timeText(0),
      by_lifetime: parts.ranksByLifetime,
      min_volume: choice.minVolume === null ? null : decimalText(choice.minVolume),
      top: choice.top ?? 0,
    },
    purpose: `choosing markets of ${venue}`,
  });
  const [mark] = await target.query<{ complete_to: number }>(loadSql('venues/trade-mark'), {
    params: { venue },
    purpose: `asking how far the trades of ${venue} go`,
  });
  const wanted: Details = {
    markets: rows.map((row) => ({
      marketId: row.market_id,
      eventId: row.event_id,
      tokens: row.tokens,
      mechanism: row.mechanism,
      createdS: Number(row.created_at),
      tradesToS: Number(row.trades_to) || null,
    })),
    tradesToS: Number(mark?.complete_to ?? 0) || null,
    nowS: Math.floor(run.startedMs / 1000),
    chosen,
  };
  // A book holds its prices: both are one request.
  const inBooks = parts.pricesInBooks && details.includes('books');
  const asked = DETAILS.filter((detail) => details.includes(detail) && !(detail === 'prices' && inBooks));
  return asked.flatMap((detail) => parts[detail](wanted));
}
