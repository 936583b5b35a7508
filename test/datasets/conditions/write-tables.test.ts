import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest';
import { ensureTables } from '../../../src/clickhouse/schema.js';
import type { Target } from '../../../src/clickhouse/target.js';
import type { TokenRow } from '../../../src/datasets/conditions/token-map.js';
import { nextVersion, writeTokens } from '../../../src/datasets/conditions/write-tables.js';
import { startTestClickHouse, type TestClickHouse } from '../../support/clickhouse.js';

let server: TestClickHouse;
let target: Target;
beforeAll(async () => {
  server = await startTestClickHouse();
});
afterAll(() => server?.stop());
beforeEach(async () => {
  target = await server.database();
  await ensureTables(target);
});

const token = (id: number, denominator: string): TokenRow => ({
  token_id: String(id),
  condition: 'ab'.repeat(32),
  outcome_index: id - 1,
  payout_numerator: denominator,
  payout_denominator: denominator,
  source: 'pnl',
});

test('what is read now is what FINAL gives, although rows were written while the clock of the server was ahead', async () => {
  await target.command(
    `INSERT INTO outcome_tokens (token_id, condition_id, outcome_index, payout_numerator, payout_denominator, source, updated_at)
     SELECT number + 1, unhex('${'ab'.repeat(32)}'), number, 0, 0, 'pnl', '2090-01-01 00:00:00.000' FROM numbers(2)`,
  );
  await writeTokens(target, await nextVersion(target), [token(1, '1'), token(2, '1')]);
  const resolved = 'SELECT countIf(payout_denominator > 0) AS n FROM outcome_tokens FINAL';
  expect(await target.query(resolved)).toEqual([{ n: '2' }]);
  await writeTokens(target, await nextVersion(target), [token(1, '0')]);
  expect(await target.query(resolved)).toEqual([{ n: '1' }]);
});

test('rows that another version hides fail (3), with both counts', async () => {
  await target.command(
    `INSERT INTO outcome_tokens (token_id, condition_id, outcome_index, payout_numerator, payout_denominator, source, updated_at)
     SELECT 1, unhex('${'ab'.repeat(32)}'), 0, 0, 0, 'pnl', '2090-01-01 00:00:00.000'`,
  );
  await expect(writeTokens(target, '2026-01-01 00:00:00.000', [token(1, '1'), token(2, '1')])).rejects.toMatchObject({
    code: 3,
    message: expect.stringContaining('gives 1 tokens (1 resolved) of the 2 (2)'),
  });
});
