import { loadSql } from '../../clickhouse/sql.js';
import type { Target } from '../../clickhouse/target.js';
import { EXIT, ExitError } from '../../core/exit.js';
import type { TokenRow } from './token-map.js';

const LINES_PER_INSERT = 50_000;

/** The version that everything written next must have: above all that is there, also where a clock was ahead. */
export async function nextVersion(target: Target): Promise<string> {
  const [row] = await target.query<{ version: string }>(loadSql('markets/next_version'), {
    purpose: 'finding the next version of tokens and markets',
  });
  if (row === undefined) throw new Error('next_version.sql returned no row');
  return row.version;
}

/** Writes `outcome_tokens`; throws ExitError(3) where FINAL then gives other rows than these. */
export async function writeTokens(target: Target, version: string, tokens: readonly TokenRow[]): Promise<void> {
  await insertLines(target, 'markets/insert_outcome_tokens', version, tokens);
  const [found] = await target.query<{ kept: string; tokens: string; resolved: string }>(
    loadSql('markets/written_tokens'),
    { params: { version }, purpose: 'reading back the tokens' },
  );
  const resolved = tokens.filter((row) => BigInt(row.payout_denominator) > 0n).length;
  const missing = [tokens.length - Number(found?.tokens), resolved - Number(found?.resolved)];
  // What the chain has said of a token stays, so that fewer may have been written.
  if (missing.every((rows) => rows >= 0 && rows <= Number(found?.kept))) return;
  throw new ExitError(
    EXIT.gateFailed,
    `outcome_tokens gives ${found?.tokens} tokens (${found?.resolved} resolved) of the ${tokens.length} (${resolved}) that were just written`,
    'another command wrote to it at the same time, or rows of a later version stand in it: run `backfill markets` again',
  );
}

export function writeMarkets(target: Target, version: string, markets: readonly object[]): Promise<void> {
  return insertLines(target, 'markets/insert_markets', version, markets);
}

async function insertLines(target: Target, statement: string, version: string, rows: readonly object[]): Promise<void> {
  for (let from = 0; from < rows.length; from += LINES_PER_INSERT) {
    const lines = rows.slice(from, from + LINES_PER_INSERT).map((row) => JSON.stringify(row));
    await target.insertBody(loadSql(statement), `${lines.join('\n')}\n`, {
      params: { version },
      purpose: `writing ${statement}`,
    });
  }
}
