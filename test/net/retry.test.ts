import { expect, test } from 'vitest';
import { type Failure, type FailureCode, FailureError, failureOf } from '../../src/core/failure.js';
import { retryDelayMs, retrying, ruleFor } from '../../src/net/retry.js';

const failure = (code: FailureCode, over: Partial<Failure> = {}): Failure => ({
  ...failureOf(code === 'throttled' ? 'throttled' : 'transient', code, code),
  ...over,
});
/** Infinity: costs no attempt. 0: terminal. */
const TABLE: Readonly<Record<FailureCode, string>> = {
  throttled: 'never set aside, waits as told',
  pin_refused: 'never set aside, at once',
  connection: '8 attempts, backs off',
  http_5xx: '8 attempts, backs off',
  overloaded: '8 attempts, backs off',
  store_unavailable: '8 attempts, backs off',
  reorganized: '8 attempts, backs off',
  behind: '8 attempts, backs off',
  bad_response: '8 attempts, backs off',
  bad_page: '5 attempts, backs off',
  deadline: '10 attempts, backs off, smaller pages',
  statement_timeout: '10 attempts, backs off, smaller pages',
  query_timeout: '10 attempts, backs off, smaller pages',
  target_connection: '8 attempts, backs off',
  target_timeout: '8 attempts, backs off',
  target_disk_full: '8 attempts, backs off',
  target_readonly: '8 attempts, backs off',
  target_busy: '12 attempts, backs off',
  thread_lost: '4 attempts, backs off',
  target_user_readonly: 'terminal, stops the run',
  target_denied: 'terminal, stops the run',
  target_schema: 'terminal, stops the run',
  target_query_memory: 'terminal, stops the run',
  target_drop_refused: 'terminal, stops the run',
  indexing_error: 'terminal, stops the run',
  query_refused: 'terminal',
  target_refused: 'terminal',
  stopped: 'terminal',
  bug: 'terminal',
};

test.each(Object.entries(TABLE) as [FailureCode, string][])('%s: %s', (code, meaning) => {
  const rule = ruleFor(failure(code));
  const attempts =
    rule.attempts === 0
      ? 'terminal'
      : rule.attempts === Number.POSITIVE_INFINITY
        ? 'never set aside'
        : `${rule.attempts} attempts`;
  const wait = { backoff: 'backs off', told: 'waits as told', none: rule.attempts === 0 ? '' : 'at once' }[rule.wait];
  const parts = [attempts, wait, rule.askLess ? 'smaller pages' : '', rule.stopsRun ? 'stops the run' : ''];
  expect(parts.filter((part) => part !== '').join(', ')).toBe(meaning);
});

test('pauses have full jitter under a bound that doubles from 1 s to 300 s', () => {
  const bounds = [1, 2, 4, 8, 16, 32, 64, 128, 256, 300, 300];
  for (const [i, seconds] of bounds.entries()) {
    expect(retryDelayMs(failure('http_5xx'), i + 1, 1000, () => 0)).toBe(0);
    expect(retryDelayMs(failure('http_5xx'), i + 1, 1000, () => 0.5)).toBe(seconds * 500);
    expect(retryDelayMs(failure('http_5xx'), i + 1, 1000, () => 1 - 1e-12)).toBe(seconds * 1000);
  }
  expect(retryDelayMs(failure('http_5xx'), 1e6, 1000, () => 0.999999)).toBeLessThanOrEqual(300_000);
});

test('a time that the source names is never undercut', () => {
  expect(retryDelayMs(failure('throttled', { retryAfterMs: 7000 }), 0, 1000, () => 0.9)).toBe(7000);
  expect(retryDelayMs(failure('throttled'), 0, 1000, () => 0.9)).toBe(0);
  expect(retryDelayMs(failure('http_5xx', { retryAfterMs: 7000 }), 1, 1000, () => 0.5)).toBe(7000);
  expect(retryDelayMs(failure('http_5xx', { retryAfterMs: 7 }), 1, 1000, () => 0.5)).toBe(500);
});

function scripted(answers: readonly (Failure | string)[], giveUpAfterMs = 60_000) {
  const stop = new AbortController();
  const log: string[] = [];
  let nowMs = 0;
  let asked = 0;
  const retry = retrying({
    retryBaseMs: 1000,
    giveUpAfterMs,
    stop: stop.signal,
    nowMs: () => nowMs,
    sleep: async (ms, signal) => {
      nowMs += ms;
      return !signal.aborted;
    },
    random: () => 0.5,
    onRetry: (what, { code }) => log.push(`${what}: ${code} at ${nowMs}`),
  });
  const ask = () =>
    retry('asking', async () => {
      const answer = answers[Math.min(asked++, answers.length - 1)] as Failure | string;
      if (typeof answer === 'string') return answer;
      throw new FailureError(answer);
    });
  return { ask, log, stop, asked: () => asked };
}

test('a single request is repeated for as long as its failure may pass', async () => {
  const { ask, log } = scripted([
    failure('http_5xx'),
    failure('throttled', { retryAfterMs: 4000 }),
    failure('behind'),
    'x',
  ]);
  expect(await ask()).toBe('x');
  expect(log).toEqual(['asking: http_5xx at 0', 'asking: throttled at 500', 'asking: behind at 4500']);
});

test.each<FailureCode>(['query_refused', 'pin_refused', 'indexing_error', 'bug'])(
  'a single request is not repeated after %s',
  async (code) => {
    const { ask, asked } = scripted([failure(code, { kind: 'terminal' }), 'x']);
    await expect(ask()).rejects.toMatchObject({ failure: { code } });
    expect(asked()).toBe(1);
  },
);

test('a single request that never succeeds is given up after the time set, with its last failure', async () => {
  const { ask, asked } = scripted([failure('overloaded')], 30_000);
  await expect(ask()).rejects.toMatchObject({ failure: { code: 'overloaded' } });
  expect(asked()).toBeGreaterThan(4);
  expect(asked()).toBeLessThan(12);
});

test('a source that says to come back only after the time set is given up at once', async () => {
  const { ask, asked } = scripted([failure('throttled', { retryAfterMs: 600_000 })], 30_000);
  await expect(ask()).rejects.toMatchObject({ failure: { code: 'throttled' } });
  expect(asked()).toBe(1);
});

test('a single request that is stopped while it waits throws the reason', async () => {
  const { ask, stop } = scripted([failure('overloaded')]);
  stop.abort(new Error('interrupted'));
  await expect(ask()).rejects.toThrow('interrupted');
});
