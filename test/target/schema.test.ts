import { afterAll, beforeAll, expect, test } from 'vitest';
import { checkFillsStructure, createFillsTable, ensureTables } from '../../src/target/schema.js';
import { startTestClickHouse, type TestClickHouse } from '../support/clickhouse.js';

let clickhouse: TestClickHouse;
beforeAll(async () => {
  clickhouse = await startTestClickHouse();
});
afterAll(() => clickhouse.stop());

test('smoke', async () => {
  const { target } = clickhouse;
  await ensureTables(target);
  await createFillsTable(target, 'clob_fills', { comment: "a 'run'" });
  expect(await checkFillsStructure(target, 'clob_fills')).toEqual([]);
  expect(await target.query('SELECT 1 AS x')).toEqual([{ x: 1 }]);
});
