import { readFileSync } from 'node:fs';
import { failed } from '../core/failure.js';

const cache = new Map<string, string>();

/**
 * The statement in `sql/<name>.sql`, header comment and all: `loadSql('schema/fills')`. The folder stands beside both `src/` and
 * `dist/`, so one relative path serves both.
 */
export function loadSql(name: string): string {
  const known = cache.get(name);
  if (known !== undefined) return known;
  const text = readFileSync(new URL(`../../sql/${name}.sql`, import.meta.url), 'utf8')
    .trim()
    .replace(/;$/, '');
  cache.set(name, text);
  return text;
}

/**
 * Quotes a database, table or column name, whatever is in it. The server does not unescape `Identifier` parameters while the
 * client library escapes them, so a name with a quote or a backslash would become another name: names are quoted here instead.
 */
export function quoteIdentifier(name: string): string {
  if (name === '' || name.includes('\0')) {
    throw failed('terminal', 'target_refused', `not a usable ClickHouse name: ${JSON.stringify(name)}`);
  }
  return `\`${name.replace(/[\\`]/g, '\\$&')}\``;
}

/** Quotes text for the few places where the server takes no parameter (COMMENT). */
export function quoteString(text: string): string {
  return `'${text.replace(/[\\']/g, '\\$&')}'`;
}

/** Puts quoted names in place of `{name:Identifier}`; the rest of the parameters are bound by the server. */
export function bindIdentifiers(sql: string, names: Readonly<Record<string, string>>): string {
  return sql.replace(/\{(\w+):Identifier\}/g, (whole, key: string) => {
    const name = names[key];
    return name === undefined ? whole : quoteIdentifier(name);
  });
}

/** How a statement is named in messages: its first words, without comments, data or values. */
export function describeStatement(sql: string): string {
  const bare = sql
    .replace(/--[^\n]*/g, ' ')
    .replace(/\s+/g, ' ')
    .trim();
  return bare.length <= 70 ? bare : `${bare.slice(0, 70).trimEnd()}…`;
}

/** "33894328603" → "33894.328603": moves the point in the text, no arithmetic; ClickHouse reads it exactly. */
export function microsToDecimal(micros: string): string {
  const digits = micros.padStart(7, '0');
  return `${digits.slice(0, -6)}.${digits.slice(-6)}`;
}
