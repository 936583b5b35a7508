/**
 * What looks wrong in prices that come in: a crossed book, probabilities that do not sum to one, a jump without a trade, a venue that
 * stands still. Figures of the last round are kept, one entry an outcome and a market.
 */
import { microsOf } from '../../core/micros.js';
import type { AnomalyRow, MarketRow, PriceRow, SilverRows, Venue } from './model.js';

/** How far probabilities may be from one: a cent of tick each side, and a spread. */
const SUM_TOLERANCE = 50_000;
/** A move of so much between two rounds in which the volume stayed the same. */
const JUMP = 200_000;

export class Watch {
  readonly #mids = new Map<string, number>();
  readonly #volumes = new Map<string, string | null>();

  /** The anomalies that these rows show, compared with what came before. */
  look(rows: Pick<SilverRows, 'markets' | 'prices'>): AnomalyRow[] {
    const traded = new Map(rows.markets.map((market) => [nameOf(market), this.#traded(market)]));
    const byMarket = new Map<string, PriceRow[]>();
    const found: AnomalyRow[] = [];
    for (const price of rows.prices) {
      if (price.origin === 'history') continue;
      const name = nameOf(price);
      byMarket.set(name, [...(byMarket.get(name) ?? []), price]);
      const [bid, ask, mid] = [micros(price.bid), micros(price.ask), micros(price.mid)];
      if (bid !== null && ask !== null && bid > ask)
        found.push(row('crossed', price, `bid ${price.bid} above ask ${price.ask}`));
      const before = this.#mids.get(price.outcome_id);
      if (mid === null) continue;
      const jumped = before !== undefined && Math.abs(mid - before) >= JUMP && traded.get(name) === false;
      if (jumped) found.push(row('jump', price, `from ${before / 1e6} to ${price.mid} without a trade`));
      this.#mids.set(price.outcome_id, mid);
    }
    const outcomes = new Map(rows.markets.map((market) => [nameOf(market), market.outcomes.length]));
    for (const [name, prices] of byMarket) {
      const mids = new Map(
        prices.flatMap(({ outcome_id, mid }) => (mid === null ? [] : [[outcome_id, micros(mid) as number]])),
      );
      if (mids.size < 2 || mids.size !== outcomes.get(name)) continue;
      const sum = [...mids.values()].reduce((total, mid) => total + mid, 0);
      const first = prices[0] as PriceRow;
      if (Math.abs(sum - 1_000_000) > SUM_TOLERANCE)
        found.push(row('sum', { ...first, outcome_id: '' }, `probabilities sum to ${sum / 1e6}`));
    }
    return found;
  }

  stale(venue: Venue, at: string, forMs: number): AnomalyRow {
    const detail = `nothing has changed for ${Math.round(forMs / 1000)} s`;
    return { venue, kind: 'stale', market_id: '', outcome_id: '', at, detail };
  }

  /** Null where it was not seen before. */
  #traded(market: MarketRow): boolean | null {
    const name = nameOf(market);
    const before = this.#volumes.get(name);
    this.#volumes.set(name, market.volume);
    return before === undefined ? null : before !== market.volume;
  }
}

function nameOf({ venue, market_id }: { readonly venue: string; readonly market_id: string }): string {
  return `${venue} ${market_id}`;
}

function micros(text: string | null): number | null {
  return text === null ? null : Number(microsOf(text));
}

function row(kind: AnomalyRow['kind'], { venue, market_id, outcome_id, at }: PriceRow, detail: string): AnomalyRow {
  return { venue, kind, market_id, outcome_id, at, detail };
}
