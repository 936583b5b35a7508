import { expect, test } from 'vitest';
import { FINDING_IDS, type Finding, finding } from '../../src/core/finding.js';
import { failures, renderFindings, tell, withWords } from '../../src/report/findings.js';

test('every check has words, whatever came of it and whatever it has figures of', () => {
  for (const id of FINDING_IDS) {
    for (const status of ['passed', 'failed', 'warned', 'skipped'] as const) {
      const { name, figure } = tell(finding(id, status, {}));
      expect([name.length > 0, typeof figure]).toEqual([true, 'string']);
    }
  }
});

test('numbers stay numbers in JSON, also beyond 2^53, and the words stand beside them', () => {
  const found = finding(
    'unique',
    'failed',
    { rows: 37_312_884, doubled: 2, copies: 0 },
    Array.from({ length: 12 }, (_, i) => ({ fill: `0x${i}`, copies: 2, tokens: '7', times: '2026' })),
  );
  const big = finding('counts', 'passed', { tokens: 1, fills: 2n, micros: 2n ** 60n, differing: 0 });
  expect(JSON.parse(JSON.stringify(withWords([found, big])))).toMatchObject([
    { id: 'unique', status: 'failed', figures: { rows: 37_312_884, doubled: 2 }, name: 'every fill once' },
    {
      id: 'counts',
      figures: { fills: 2, micros: '1152921504606846976' },
      figure: '1 tokens, 2 fills, 1,152,921,504,606.846976 USDC: equal',
    },
  ]);
  expect(found.offenders).toHaveLength(10);
});

test('what did not simply pass is shown with its offenders and what to do; a failed one is named in the error', () => {
  const findings: Finding[] = [
    finding('range', 'passed', { rows: 10, wrong: 0 }),
    finding('run_complete', 'failed', { chunks: 3, done: 2, left: 1, failed: 1, rows: 20 }, [
      { chunk: 'p/1', code: 'http_5xx', attempts: 8, message: 'bad gateway' },
    ]),
  ];
  const shown = renderFindings('run r1', findings);
  expect(shown).toContain('p/1: http_5xx after 8 attempts: bad gateway');
  expect(shown).toContain('→ run `backfill fills` again');
  expect(failures(findings)).toBe('the run is complete (1 of 3 chunks are not done, 1 of them failed)');
});
