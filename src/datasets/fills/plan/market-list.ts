/**
 * A list of markets as people have it: one condition id or token id a line, a CSV whose first column holds it, or
 * NDJSON with `conditionId`. Blank lines and lines that begin with # are skipped.
 */
import { type Info, parse } from 'csv-parse/sync';

export interface MarketListEntry {
  readonly line: number;
  readonly kind: 'condition' | 'token';
  /** A condition in lower case, a token without leading zeros. */
  readonly id: string;
}

export interface MarketList {
  /** Each id once, in the order of the list. */
  readonly entries: readonly MarketListEntry[];
  /** Lines dropped because they name an id again. */
  readonly repeats: number;
}

export interface ListError {
  readonly line: number;
  readonly message: string;
}

export type ParsedMarketList =
  | { readonly ok: true; readonly list: MarketList }
  | { readonly ok: false; readonly errors: readonly ListError[] };

/** Lines named in an error message; a wrong file would name all of them. */
const MAX_ERRORS = 10;

interface Cell {
  readonly line: number;
  readonly text: string;
}

export function parseMarketList(text: string): ParsedMarketList {
  const errors: ListError[] = [];
  const cells = isNdjson(text) ? ndjsonCells(text, errors) : csvCells(text, errors);
  const entries = new Map<string, MarketListEntry>();
  let repeats = 0;
  for (const [i, { line, text: cell }] of cells.entries()) {
    const entry = parseMarketId(cell);
    if ('message' in entry) {
      if (i === 0 && isHeader(cell)) continue;
      errors.push({ line, message: entry.message });
    } else if (entries.has(entry.id)) repeats++;
    else entries.set(entry.id, { line, ...entry });
  }
  errors.sort((a, b) => a.line - b.line);
  if (errors.length > 0) return { ok: false, errors: errors.slice(0, MAX_ERRORS) };
  return { ok: true, list: { entries: [...entries.values()], repeats } };
}

/** A condition id (0x and 64 hex digits, any case) or a token id (decimal, above 0 and below 2^256). */
export function parseMarketId(text: string): Omit<MarketListEntry, 'line'> | { readonly message: string } {
  if (/^0x[0-9a-f]{64}$/i.test(text)) return { kind: 'condition', id: text.toLowerCase() };
  if (/^\d{1,78}$/.test(text)) {
    const value = BigInt(text);
    if (value === 0n) return { message: '0 is the collateral, not a token' };
    if (value >= 1n << 256n) return { message: `${cut(text)} is above 2^256: no token id` };
    return { kind: 'token', id: value.toString() };
  }
  if (/^\d+(?:\.\d+)?e\+?\d+$/i.test(text)) {
    return { message: `${cut(text)} is a number rounded by a spreadsheet: export the column as text` };
  }
  return {
    message: `${cut(JSON.stringify(text))} is no condition id (0x and 64 hex digits) and no token id (decimal)`,
  };
}

function cut(text: string): string {
  return text.length <= 100 ? text : `${text.slice(0, 100)}…`;
}

/** A word, as column names are. */
function isHeader(cell: string): boolean {
  return /^[a-z_][a-z0-9_ .-]{0,63}$/i.test(cell) && !/^0x/i.test(cell);
}

function isNdjson(text: string): boolean {
  return /^\uFEFF?(?:[ \t]*(?:#[^\n]*)?\r?\n)*[ \t]*\{/.test(text);
}

function ndjsonCells(text: string, errors: ListError[]): Cell[] {
  const cells: Cell[] = [];
  for (const [i, raw] of text
    .replace(/^\uFEFF/, '')
    .split('\n')
    .entries()) {
    const line = raw.trim();
    if (line === '' || line.startsWith('#')) continue;
    try {
      const id: unknown = (JSON.parse(line) as { conditionId?: unknown } | null)?.conditionId;
      if (typeof id === 'string') cells.push({ line: i + 1, text: id.trim() });
      else errors.push({ line: i + 1, message: 'an object without a conditionId' });
    } catch {
      errors.push({ line: i + 1, message: `no JSON object: ${cut(line)}` });
    }
  }
  return cells;
}

function csvCells(text: string, errors: ListError[]): Cell[] {
  try {
    const records = parse(text, {
      bom: true,
      comment: '#',
      comment_no_infix: true,
      delimiter: [',', ';', '\t'],
      info: true,
      relax_column_count: true,
      relax_quotes: true,
      skip_empty_lines: true,
      trim: true,
    }) as unknown as { record: string[]; info: Info }[];
    return records
      .map(({ record, info }) => ({
        line: info.lines,
        text: record[0] ?? '',
        empty: record.every((cell) => cell === ''),
      }))
      .filter(({ empty }) => !empty);
  } catch (error) {
    const { lines, message } = error as { lines?: number; message: string };
    errors.push({ line: lines ?? 1, message: cut(message) });
    return [];
  }
}
