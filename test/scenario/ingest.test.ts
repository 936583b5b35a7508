import { expect, it } from 'vitest';
import { startVenues, type Venues } from '../../src/simulator/venues/server.js';
import { backfill } from '../support/program.js';
import { tempWorkspace } from '../support/workspace.js';

const TIMEOUT_MS = 180_000;

/** What a user's environment says of the simulated venues. */
function venueEnv(venues: Venues): Record<string, string> {
  const urls = venues.urls as Partial<Record<string, string>>;
  const named = {
    GAMMA_URL: urls.gamma,
    CLOB_URL: urls.clob,
    DATA_API_URL: urls.dataApi,
    KALSHI_URL: urls.kalshi,
    LIMITLESS_URL: urls.limitless,
    OPINION_URL: urls.opinion,
  };
  const given = Object.entries(named).filter((entry): entry is [string, string] => entry[1] !== undefined);
  return { ...Object.fromEntries(given), OPINION_API_KEY: 'key-of-opinion-123' };
}

it('ingest loads four venues, check finds them complete, and one that is down ends in exit code 2', {
  timeout: TIMEOUT_MS,
}, async () => {
  const cwd = tempWorkspace();
  const venues = await startVenues({ seed: 3, size: 'tiny', latencyMs: 2 });
  try {
    const env = venueEnv(venues);
    const loaded = await backfill(['ingest', '--json'], { cwd, env });
    expect([loaded.code, loaded.stderr]).toEqual([0, expect.not.stringContaining('key-of-opinion-123')]);
    const { venues: reports } = JSON.parse(loaded.stdout);
    expect(reports.map((r: { venue: string; complete: boolean }) => [r.venue, r.complete])).toEqual([
      ['polymarket', true],
      ['kalshi', true],
      ['limitless', true],
      ['opinion', true],
    ]);
    const checked = await backfill(['check', '--json'], { cwd, env });
    expect([checked.code, JSON.parse(checked.stdout).ok]).toEqual([0, true]);
    expect((await backfill(['check', '--stale-after', '1s'], { cwd, env })).code).toBe(3);

    venues.setFaults([{ host: 'opinion', kind: 'errno', rate: 1 }]);
    const down = await backfill(['ingest', '--venues', 'limitless,opinion', '--give-up-after', '1s'], { cwd, env });
    expect(down.code).toBe(2);
    expect(`${down.stdout}${down.stderr}`).toContain('opinion');
    const after = await backfill(['check', '--json'], { cwd, env });
    const states = JSON.parse(after.stdout).venues as { venue: string; complete: boolean }[];
    expect([after.code, states.filter(({ complete }) => !complete).map(({ venue }) => venue)]).toEqual([
      3,
      ['opinion'],
    ]);
  } finally {
    await venues.close();
  }
});

it('wrong input ends with code 1 before anything is touched', async () => {
  const cwd = tempWorkspace();
  for (const args of [
    ['--venues', 'betfair'],
    ['--with', 'everything'],
    ['--top', '0'],
    ['--min-volume', '-5'],
    ['--kalshi-url', 'x'],
  ]) {
    const ended = await backfill(['ingest', ...args], { cwd });
    expect([args, ended.code]).toEqual([args, 1]);
  }
});
