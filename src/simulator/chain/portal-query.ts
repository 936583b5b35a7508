/** The portal's query: what it may say, and what a request says wrong. */
import { LOG_FIELDS, type LogField } from './log-bytes.js';
import type { LogFilter } from './wanted.js';

export const BLOCK_FIELDS = ['number', 'hash', 'parentHash', 'timestamp'] as const;
export type BlockField = (typeof BLOCK_FIELDS)[number];

export interface PortalQuery {
  readonly fromBlock: number;
  /** Inclusive; undefined: to the head. */
  readonly toBlock: number | undefined;
  readonly parentBlockHash: string | undefined;
  readonly includeAllBlocks: boolean;
  readonly blockFields: readonly BlockField[];
  readonly logFields: readonly LogField[];
  readonly filters: readonly FullFilter[];
}

/** Topics 1 to 3 as well; the last three are compared log by log. */
export interface FullFilter extends LogFilter {
  readonly topics: readonly (ReadonlySet<string> | undefined)[];
}

export const MAX_FILTERS = 100;
export const MAX_BODY_BYTES = 256 * 1024;
const ROOT = ['type', 'fromBlock', 'toBlock', 'parentBlockHash', 'includeAllBlocks', 'fields', 'logs'];
const FILTER = ['address', 'topic0', 'topic1', 'topic2', 'topic3'];
type Json = Record<string, unknown>;

/** The query, or what is wrong with it. */
export function parsePortalQuery(body: string): PortalQuery | string {
  let root: unknown;
  try {
    root = JSON.parse(body);
  } catch (error) {
    return `failed to parse the query: ${error instanceof Error ? error.message : String(error)}`;
  }
  if (!isObject(root)) return 'the query must be an object';
  const unknown = unknownKey(root, ROOT);
  if (unknown !== undefined) return `unknown field \`${unknown}\`, expected one of ${ROOT.join(', ')}`;
  if (root.type !== 'evm') return 'unknown query type: "evm" is expected';
  const { fromBlock, toBlock, parentBlockHash, includeAllBlocks, fields = {}, logs = [] } = root;
  if (!isBlock(fromBlock)) return 'fromBlock must be a block number';
  if (toBlock !== undefined && !isBlock(toBlock)) return 'toBlock must be a block number';
  if (toBlock !== undefined && toBlock < fromBlock) return 'toBlock must not be below fromBlock';
  if (parentBlockHash !== undefined && typeof parentBlockHash !== 'string') return 'parentBlockHash must be a string';
  if (includeAllBlocks !== undefined && typeof includeAllBlocks !== 'boolean') return 'includeAllBlocks must be a bool';
  if (!isObject(fields)) return 'fields must be an object';
  const wrongField = unknownKey(fields, ['block', 'log']);
  if (wrongField !== undefined) return `unknown field \`${wrongField}\` in fields`;
  const blockFields = chosen(fields.block, BLOCK_FIELDS);
  if (typeof blockFields === 'string') return blockFields;
  const logFields = chosen(fields.log, LOG_FIELDS);
  if (typeof logFields === 'string') return logFields;
  if (!Array.isArray(logs)) return 'logs must be a list';
  if (logs.length > MAX_FILTERS)
    return `query contains too many item requests: ${logs.length}, the limit is ${MAX_FILTERS}`;
  const filters: FullFilter[] = [];
  for (const item of logs) {
    const filter = filterOf(item);
    if (typeof filter === 'string') return filter;
    filters.push(filter);
  }
  return {
    fromBlock,
    toBlock,
    parentBlockHash,
    includeAllBlocks: includeAllBlocks ?? false,
    blockFields,
    logFields,
    filters,
  };
}

function filterOf(item: unknown): FullFilter | string {
  if (!isObject(item)) return 'a log request must be an object';
  const unknown = unknownKey(item, FILTER);
  if (unknown !== undefined) return `unknown field \`${unknown}\` in a log request`;
  const sets: (ReadonlySet<string> | undefined)[] = [];
  for (const key of FILTER) {
    const list = item[key];
    if (list === undefined) sets.push(undefined);
    else if (!Array.isArray(list) || !list.every((text) => typeof text === 'string'))
      return `${key} must be a list of strings`;
    // An empty list asks for nothing, as the portal's does.
    else sets.push(new Set(list.map((text) => (text as string).toLowerCase())));
  }
  return { addresses: sets[0], topic0: sets[1], topics: sets.slice(2) };
}

/** The names that are true, in the portal's order. */
function chosen<Name extends string>(selection: unknown, names: readonly Name[]): readonly Name[] | string {
  if (selection === undefined) return [];
  if (!isObject(selection)) return 'a field selection must be an object';
  const unknown = unknownKey(selection, names);
  if (unknown !== undefined) return `unknown field \`${unknown}\`, expected one of ${names.join(', ')}`;
  if (!Object.values(selection).every((value) => typeof value === 'boolean')) return 'a field selection holds booleans';
  return names.filter((name) => selection[name] === true);
}

function unknownKey(object: Json, known: readonly string[]): string | undefined {
  return Object.keys(object).find((key) => !known.includes(key));
}

function isObject(value: unknown): value is Json {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function isBlock(value: unknown): value is number {
  return Number.isSafeInteger(value) && (value as number) >= 0;
}
