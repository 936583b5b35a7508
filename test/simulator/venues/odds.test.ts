import { beforeAll, expect, test } from 'vitest';
import type { Venues } from '../../../src/simulator/venues/server.js';
import { type Body, get, venuesFor } from './ask.js';

let venues: Venues;
beforeAll(async () => {
  venues = await venuesFor({ oddsCredits: 60 });
});

const odds = (path: string) => fetch(`${venues.urls.odds}${path}${path.includes('?') ? '&' : '?'}apiKey=k`);

test('a call costs regions times markets, an empty answer and the lists of sports and events nothing', async () => {
  const cost = async (path: string) => Number((await odds(path)).headers.get('x-requests-last'));
  expect(await cost('/sports')).toBe(0);
  expect(await cost('/sports/soccer_epl/events')).toBe(0);
  expect(await cost('/sports/soccer_epl/odds?regions=us,uk&markets=h2h,totals')).toBe(4);
  expect(await cost('/sports/soccer_epl/odds?bookmakers=draftkings,pinnacle&markets=h2h')).toBe(1);
  expect(await cost('/sports/soccer_epl/odds?regions=us&markets=h2h&commenceTimeFrom=2030-01-01T00:00:00Z')).toBe(0);
  const headers = (await odds('/sports')).headers;
  expect(Number(headers.get('x-requests-used')) + Number(headers.get('x-requests-remaining'))).toBe(60);
});

test('a missing or wrong key, an unknown sport, region or market, and credits that are used up', async () => {
  const code = async (response: Response) => [response.status, ((await response.json()) as Body).error_code];
  expect(await code(await fetch(`${venues.urls.odds}/sports`))).toEqual([401, 'MISSING_KEY']);
  expect(await code(await odds('/sports/chess/odds?regions=us'))).toEqual([404, 'UNKNOWN_SPORT']);
  expect(await code(await odds('/sports/soccer_epl/odds?regions=mars'))).toEqual([422, 'INVALID_REGION']);
  expect(await code(await odds('/sports/soccer_epl/odds?regions=us&markets=odd'))).toEqual([422, 'INVALID_MARKET']);
  const poor = await venuesFor({ oddsCredits: 1 });
  const url = `${poor.urls.odds}/sports/soccer_epl/odds?regions=us,uk&apiKey=k`;
  expect(await code(await fetch(url))).toEqual([401, 'OUT_OF_USAGE_CREDITS']);
});

test('prices: a margin over 1, three ways in soccer, points on spreads and totals, American as signed integers', async () => {
  const rows = (await (await odds('/sports/soccer_epl/odds?regions=us,eu&markets=h2h,spreads,totals')).json()) as Body;
  for (const event of rows) {
    for (const { markets } of event.bookmakers) {
      for (const market of markets) {
        const sum = market.outcomes.reduce((all: number, outcome: Body) => all + 1 / outcome.price, 0);
        expect(sum).toBeGreaterThan(1);
        expect(sum).toBeLessThan(1.12);
        expect(market.outcomes.every((outcome: Body) => (outcome.point !== undefined) === (market.key !== 'h2h'))).toBe(
          true,
        );
        if (market.key === 'h2h') expect(market.outcomes.map((outcome: Body) => outcome.name)).toContain('Draw');
      }
    }
  }
  const american = (await (
    await odds('/sports/soccer_epl/odds?regions=us&oddsFormat=american&dateFormat=unix')
  ).json()) as Body;
  expect(Number.isInteger(american[0].bookmakers[0].markets[0].outcomes[0].price)).toBe(true);
  expect(Number.isInteger(american[0].commence_time)).toBe(true);
});

test('an equal last_update means equal odds; a minute later each bookmaker has moved once', async () => {
  const live = await venuesFor();
  const read = async () => {
    const rows = await get(`${live.urls.odds}/sports/basketball_nba/odds?regions=us,uk,eu&markets=h2h&apiKey=k`);
    return new Map<string, Body>(
      rows.flatMap((event: Body) => event.bookmakers.map((one: Body) => [`${event.id} ${one.key}`, one])),
    );
  };
  const first = await read();
  expect(await read()).toEqual(first);
  live.advance(20_000);
  const second = await read();
  const moved = [...second].filter(([key, one]) => one.last_update !== first.get(key)?.last_update);
  expect(moved.length).toBeGreaterThan(0);
  expect(moved.length).toBeLessThan(second.size);
  for (const [key, one] of second)
    if (one.last_update === first.get(key)?.last_update) expect(one).toEqual(first.get(key));
  live.advance(60_000);
  expect([...(await read())].every(([key, one]) => one.last_update !== first.get(key)?.last_update)).toBe(true);
});
