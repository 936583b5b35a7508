import { readdirSync, readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { isRepeatable } from '../../src/clickhouse/repeatable.js';

test.each([
  ['SELECT 1', true],
  ['-- a comment\n-- another\nSELECT 1', true],
  ['WITH x AS (SELECT 1) SELECT * FROM x', true],
  ['CHECK GRANT INSERT ON `d`.*', true],
  ['CREATE DATABASE IF NOT EXISTS `d`', true],
  ['CREATE TABLE IF NOT EXISTS `t` (x Int8) ENGINE = Memory', true],
  ['CREATE TABLE IF NOT EXISTS t ENGINE = Memory AS SELECT 1', false],
  ['CREATE TABLE t ENGINE = Memory AS SELECT 1', false],
  ['CREATE OR REPLACE TABLE t ENGINE = Memory AS SELECT 1', true],
  ['DROP TABLE IF EXISTS t', true],
  ['DROP TABLE t', false],
  ['TRUNCATE TABLE t', true],
  ['DELETE FROM t WHERE run = 1', true],
  ["ALTER TABLE `t` MODIFY COMMENT 'x'", true],
  ['ALTER TABLE t UPDATE x = x + 1 WHERE 1', false],
  ['OPTIMIZE TABLE t FINAL', true],
  ['EXCHANGE TABLES a AND b', false],
  ['RENAME TABLE a TO b', false],
  ['INSERT INTO t SELECT 1', false],
  ['-- SELECT\nINSERT INTO t SELECT 1', false],
])('%s: sent twice %s', (sql, repeatable) => {
  expect(isRepeatable(sql)).toBe(repeatable);
});

test('no statement of ours that inserts from a SELECT, exchanges or renames counts as repeatable', () => {
  const root = new URL('../../sql/', import.meta.url).pathname;
  const files = (readdirSync(root, { recursive: true }) as string[]).filter((name) => name.endsWith('.sql'));
  expect(files.length).toBeGreaterThan(20);
  for (const file of files) {
    const sql = readFileSync(`${root}${file}`, 'utf8');
    const words = sql.replace(/--[^\n]*/g, '');
    if (/^\s*(INSERT|EXCHANGE|RENAME)/i.test(words)) expect(isRepeatable(sql), file).toBe(false);
  }
});
