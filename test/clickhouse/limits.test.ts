import { afterAll, beforeAll, expect, test } from 'vitest';
import { runFile } from '../../src/clickhouse/heavy.js';
import { createFillsTable } from '../../src/clickhouse/schema.js';
import type { Target } from '../../src/clickhouse/target.js';
import { endingOf } from '../../src/core/ending.js';
import { ruleFor } from '../../src/net/retry.js';
import { silentLog } from '../datasets/pnl/universe/universe.js';
import { startTestClickHouse, type TestClickHouse } from '../support/clickhouse.js';

let server: TestClickHouse;
let target: Target;
beforeAll(async () => {
  // As every server has it at 50 GB.
  server = await startTestClickHouse({
    serverXml:
      '<max_table_size_to_drop>1</max_table_size_to_drop><max_partition_size_to_drop>1</max_partition_size_to_drop>',
  });
  target = await server.database();
});
afterAll(() => server?.stop());

async function fill(table: string, rows = 1000): Promise<void> {
  await createFillsTable(target, table);
  await target.command(
    `INSERT INTO ${table} (tx_hash) SELECT unhex(leftPad(hex(number), 64, '0')) FROM numbers(${rows})`,
  );
}

test('our own tables are dropped, emptied and made anew although the server protects tables of their size', async () => {
  await fill('f');
  await expect(target.command('DROP TABLE f', { settings: { max_table_size_to_drop: 1 } })).rejects.toMatchObject({
    failure: { code: 'target_drop_refused', kind: 'terminal' },
  });
  await target.command('TRUNCATE TABLE f');
  await fill('f');
  await createFillsTable(target, 'f', { replace: true });
  await fill('f');
  await target.command('DROP TABLE f');
});

test('a refused drop ends with what to do', async () => {
  await fill('g');
  const error = await target
    .command('DROP TABLE g', { settings: { max_table_size_to_drop: 1 } })
    .catch((e: unknown) => e);
  expect(endingOf(error)).toMatchObject({ code: 1, hint: expect.stringContaining('max_table_size_to_drop') });
});

test('a statement that needs more memory than it may have ends at once (1) and says what to raise', async () => {
  await fill('h', 300_000);
  const work = { target, maxMemoryMb: 1, log: silentLog };
  const error = await runFile(work, 'verify/unique', { names: { fills: 'h' }, params: { slices: 1, slice: 0 } }).catch(
    (e: unknown) => e,
  );
  expect(endingOf(error)).toMatchObject({ code: 1, hint: expect.stringContaining('--max-memory-mb') });
  const { failure } = error as { failure: Parameters<typeof ruleFor>[0] };
  expect(failure.code).toBe('target_query_memory');
  expect(ruleFor(failure).attempts).toBe(0);
});
