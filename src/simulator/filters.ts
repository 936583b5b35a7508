/** `where` as a tree of column tests, and what it means for one row. */
import type { ColumnType, Entity, Operator } from './schema.js';
import { OPERATORS } from './schema.js';
import { compareText } from './universe.js';

export interface Test {
  readonly column: string;
  readonly operator: Operator;
  readonly value: unknown;
}

export type Clause = Test | { readonly any: readonly Filter[] };

/** Every clause must hold. */
export type Filter = readonly Clause[];

/** A question that graph-node refuses: the message stands in `errors`, with status 200. */
export class QueryError extends Error {
  override readonly name = 'QueryError';
}

const BY_LENGTH = [...OPERATORS].sort((a, b) => b.length - a.length);

export function parseWhere(where: Readonly<Record<string, unknown>> | null | undefined, entity: Entity): Filter {
  if (!where) return [];
  const clauses: Clause[] = [];
  const beside: string[] = [];
  for (const [key, value] of Object.entries(where)) {
    if (value === undefined) continue;
    if (key === 'and') {
      for (const part of (value as Record<string, unknown>[]) ?? []) clauses.push(...parseWhere(part, entity));
    } else if (key === 'or') {
      clauses.push({ any: ((value as Record<string, unknown>[]) ?? []).map((part) => parseWhere(part, entity)) });
    } else {
      beside.push(key);
      clauses.push(parseTest(key, value, entity));
    }
  }
  if (where.or && beside.length > 0) {
    throw new QueryError(
      `Cannot mix column filters with 'or' operator at the same level. Found column filter(s) ${beside
        .map((key) => `'${key}'`)
        .join(', ')} alongside 'or' operator.`,
    );
  }
  return clauses;
}

function parseTest(key: string, value: unknown, entity: Entity): Test {
  const operator = BY_LENGTH.find(
    (suffix) => key.endsWith(suffix) && key.slice(0, key.length - suffix.length) in entity.columns,
  );
  if (operator === undefined) throw new QueryError(`Type \`${entity.type}\` has no filter \`${key}\``);
  const column = key.slice(0, key.length - operator.length);
  const type = entity.columns[column] as ColumnType;
  for (const one of Array.isArray(value) ? value : [value]) {
    if (type === 'BigInt' && one !== null && !/^-?\d+$/.test(String(one))) {
      throw new QueryError(`Failed to decode \`BigInt\` value: \`${String(one)}\``);
    }
  }
  const normal = type === 'Bytes' ? (Array.isArray(value) ? value.map(bytesText) : bytesText(value)) : value;
  return { column, operator, value: normal };
}

/** Bytes may be asked for with or without 0x, in any case. */
function bytesText(value: unknown): unknown {
  if (typeof value !== 'string') return value;
  const lower = value.toLowerCase();
  return lower.startsWith('0x') ? lower : `0x${lower}`;
}

type Row = Readonly<Record<string, unknown>>;

export function predicateOf(filter: Filter, entity: Entity): (row: Row) => boolean {
  const tests = filter.map((clause) => clausePredicate(clause, entity));
  return (row) => tests.every((test) => test(row));
}

function clausePredicate(clause: Clause, entity: Entity): (row: Row) => boolean {
  if ('any' in clause) {
    const branches = clause.any.map((filter) => predicateOf(filter, entity));
    return (row) => branches.length === 0 || branches.some((branch) => branch(row));
  }
  const { column, operator, value } = clause;
  const compare = comparison(entity.columns[column] as ColumnType);
  switch (operator) {
    case '':
      return (row) => compare(row[column], value) === 0;
    case '_not':
      return (row) => compare(row[column], value) !== 0;
    case '_gt':
      return (row) => row[column] !== null && compare(row[column], value) > 0;
    case '_gte':
      return (row) => row[column] !== null && compare(row[column], value) >= 0;
    case '_lt':
      return (row) => row[column] !== null && compare(row[column], value) < 0;
    case '_lte':
      return (row) => row[column] !== null && compare(row[column], value) <= 0;
    case '_in': {
      const set = new Set(value as string[]);
      return (row) => set.has(row[column] as string);
    }
    case '_not_in': {
      const set = new Set(value as string[]);
      return (row) => !set.has(row[column] as string);
    }
  }
}

/** Compares as the column's type does; what is no number (a malformed row) compares as text. */
export function comparison(type: ColumnType): (a: unknown, b: unknown) => number {
  if (type === 'BigInt') return (a, b) => compareNumbers(a, b, BigInt);
  if (type === 'BigDecimal') return (a, b) => compareNumbers(a, b, Number);
  return (a, b) => compareText(String(a), String(b));
}

function compareNumbers(a: unknown, b: unknown, parse: (text: string) => bigint | number): number {
  if (a === b) return 0;
  if (a === null || b === null) return a === null ? -1 : 1;
  try {
    const x = parse(a as string);
    const y = parse(b as string);
    return x < y ? -1 : x > y ? 1 : 0;
  } catch {
    return compareText(String(a), String(b));
  }
}
