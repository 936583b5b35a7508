/** Hourly candles of 100 markets a request: 100 hours each make the 10,000 candles that one answer may hold. */
import { readListing } from '../../../sources/rest/json.js';
import { type Chain, digestOf, groupsOf, lastPage, mapRecords, seenOf } from '../chain.js';
import { Fields } from '../fields.js';
import { type AnyChain, type Details, HISTORY_HOURS } from '../parts.js';
import { candleRows } from './map.js';

const TICKERS_PER_REQUEST = 100;
const MINUTES = 60;
const HOUR_S = 3600;

export function history({ markets, nowS }: Details): AnyChain[] {
  const tickers = markets.map(({ marketId }) => marketId);
  // Both ends are inclusive: whole hours, so that there are exactly as many candles.
  const endS = Math.floor(nowS / HOUR_S) * HOUR_S;
  return groupsOf(tickers, TICKERS_PER_REQUEST).map((group, index) =>
    candlesOf(`history/${index}/${digestOf(group)}`, group, endS),
  );
}

function candlesOf(name: string, tickers: readonly string[], endS: number): Chain<null> {
  const chain = { venue: 'kalshi', endpoint: '/markets/candlesticks' } as const;
  return {
    ...chain,
    name,
    kind: 'history',
    start: null,
    request: () => ({
      host: 'kalshi',
      path: '/markets/candlesticks',
      query: [
        ['market_tickers', tickers.join(',')],
        ['start_ts', String(endS - (HISTORY_HOURS - 1) * HOUR_S)],
        ['end_ts', String(endS)],
        ['period_interval', String(MINUTES)],
      ],
    }),
    read: (_state, answer) => {
      const { records } = readListing(answer.text, ['markets'], 'kalshi candlesticks');
      const read = mapRecords(chain, records, seenOf(answer), (record) => {
        const id = Fields.of(record.value, 'the market').id('market_ticker');
        const candles = Fields.of(record.value, 'the market').children('candlesticks');
        return { id, rows: { prices: candles.flatMap((candle) => candleRows(id, candle)) } };
      });
      const answered = new Set(read.ids);
      return lastPage(
        read,
        tickers.filter((ticker) => !answered.has(ticker)),
      );
    },
  };
}
