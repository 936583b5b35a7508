/**
 * Statements that say the same when they are said twice, however the first time ended: a lost answer is then no reason to end a
 * run. An INSERT … SELECT is none of them (it may have written a part), nor is EXCHANGE or RENAME. Inserts of rows do not come
 * here: every table that is written so collapses by its key.
 */
const REPEATABLE: readonly RegExp[] = [
  /^(?:SELECT|WITH|SHOW|DESCRIBE|EXISTS|CHECK)\b/i,
  /^CREATE (?:DATABASE|TABLE|VIEW|MATERIALIZED VIEW|DICTIONARY) IF NOT EXISTS\b(?![\s\S]*\bAS\s+(?:SELECT|WITH)\b)/i,
  /^CREATE OR REPLACE\b/i,
  /^DROP [A-Z ]*IF EXISTS\b/i,
  /^TRUNCATE\b/i,
  /^DELETE FROM\b/i,
  /^ALTER TABLE \S+ (?:MODIFY COMMENT|DELETE WHERE)\b/i,
  /^(?:OPTIMIZE|SYSTEM|KILL)\b/i,
];

export function isRepeatable(sql: string): boolean {
  const statement = sql.replace(/^(?:\s+|--[^\n]*\n)+/, '');
  return REPEATABLE.some((pattern) => pattern.test(statement));
}
