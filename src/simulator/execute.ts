/** A validated operation → the bytes of its answer. Every root field of a request sees the same block. */
import {
  executeSync,
  type FieldNode,
  GraphQLError,
  type GraphQLField,
  type GraphQLObjectType,
  getArgumentValues,
  getVariableValues,
} from 'graphql';
import { collectFields, Documents, subselection, type ValidDocument, type Variables } from './documents.js';
import { type Filter, parseWhere, QueryError } from './filters.js';
import { hex256 } from './hash.js';
import type { JsonWriter } from './json-writer.js';
import { mapTable, orderbookOf, writeSorted, writeTable } from './rows.js';
import { ENTITIES, type EndpointName, type Entity, SCHEMAS } from './schema.js';
import { timeOfBlock, type Universe } from './universe.js';

export const FIRST_MAX = 1000;
export const SKIP_MAX = 5000;
/** Questions without a short way read every fill: beyond this many, the database would give up, and so do we. */
export const SCAN_MAX = 5_000_000;

export interface FillPage {
  readonly filter: Filter;
  readonly orderBy: string;
  readonly descending: boolean;
  readonly first: number;
  readonly skip: number;
  readonly block: number;
  /** Response key and column, in the order of the answer; `__typename` is a column too. */
  readonly columns: readonly (readonly [key: string, column: string])[];
}

/** What a root field was asked and how much it gave: for statistics, costs and faults. */
export interface Lane {
  readonly key: string;
  readonly field: string;
  readonly rows: number;
  readonly page: FillPage;
}

export interface Conditions {
  /** The newest block that this request may see. */
  readonly head: number;
  /** Rows beyond `first` that a faulty source gives. */
  readonly extraRows?: number;
}

export type Answer =
  | { readonly ok: true; readonly lanes: readonly Lane[]; readonly pinned: boolean }
  | { readonly ok: false; readonly messages: readonly string[] };

export class Executor {
  readonly #documents: Documents;
  readonly #entities: ReadonlyMap<string, Entity>;

  constructor(
    readonly endpoint: EndpointName,
    readonly universe: Universe,
  ) {
    this.#documents = new Documents(SCHEMAS[endpoint]);
    this.#entities = new Map(
      ENTITIES[endpoint].flatMap((entity) => [[entity.one, entity] as const, [entity.many, entity] as const]),
    );
  }

  /** Writes `{"data":…}` to `out`, or returns the messages of why not. */
  run(
    text: string,
    inputs: Variables,
    operationName: string | undefined,
    conditions: Conditions,
    out: JsonWriter,
  ): Answer {
    const document = this.#documents.get(text);
    if (!('operations' in document)) return { ok: false, messages: document };
    const operation = document.operations.find(
      (one) => operationName === undefined || operationName === null || one.name?.value === operationName,
    );
    if (!operation || (!operationName && document.operations.length > 1)) {
      return {
        ok: false,
        messages: [operationName ? `Operation name not found \`${operationName}\`` : 'Operation name required'],
      };
    }
    if (operation.operation !== 'query')
      return { ok: false, messages: [`Only queries are supported, no ${operation.operation}`] };
    const coerced = getVariableValues(SCHEMAS[this.endpoint], operation.variableDefinitions ?? [], inputs);
    if (coerced.errors) return { ok: false, messages: coerced.errors.map((error) => error.message) };
    try {
      return this.#runRoots(
        document,
        collectFields(document, [operation.selectionSet], coerced.coerced),
        coerced.coerced,
        conditions,
        out,
      );
    } catch (error) {
      if (error instanceof QueryError || error instanceof GraphQLError) return { ok: false, messages: [error.message] };
      throw error;
    }
  }

  #runRoots(
    document: ValidDocument,
    roots: Map<string, FieldNode[]>,
    variables: Variables,
    conditions: Conditions,
    out: JsonWriter,
  ): Answer {
    const lanes: Lane[] = [];
    let pinned = false;
    let separator = '{"data":{';
    for (const [key, fields] of roots) {
      const field = fields[0] as FieldNode;
      const name = field.name.value;
      if (name === '__schema' || name === '__type') return this.#introspect(document, variables, out);
      out.text(`${separator}${JSON.stringify(key)}:`);
      separator = ',';
      if (name === '__typename') {
        out.text('"Query"');
        continue;
      }
      const root = (SCHEMAS[this.endpoint].getQueryType() as GraphQLObjectType).getFields()[name] as GraphQLField<
        unknown,
        unknown
      >;
      const args = getArgumentValues(root, field, variables);
      const { block, pin } = this.#blockOf(args.block as BlockHeight | undefined, conditions.head);
      pinned ||= pin;
      if (name === '_meta') {
        this.#writeMeta(document, fields, variables, block, pin, out);
        continue;
      }
      const entity = this.#entities.get(name) as Entity;
      const columns = [...collectFields(document, subselection(fields), variables)].map(
        ([column, nodes]) => [column, (nodes[0] as FieldNode).name.value] as const,
      );
      if (name === entity.one) {
        const filter: Filter = [{ column: 'id', operator: '', value: args.id }];
        const page: FillPage = { filter, orderBy: 'id', descending: false, first: 1, skip: 0, block, columns };
        const before = out.length;
        const rows = this.#writeRows(entity, page, out);
        if (rows === 0) {
          out.length = before;
          out.text('null');
        }
        lanes.push({ key, field: name, rows, page });
        continue;
      }
      const page = pageOf(args, entity, block, columns, conditions.extraRows ?? 0);
      out.text('[');
      lanes.push({ key, field: name, rows: this.#writeRows(entity, page, out), page });
      out.text(']');
    }
    out.text('}}');
    return { ok: true, lanes, pinned };
  }

  #introspect(document: ValidDocument, variables: Variables, out: JsonWriter): Answer {
    out
      .reset()
      .value(executeSync({ schema: SCHEMAS[this.endpoint], document: document.document, variableValues: variables }));
    return { ok: true, lanes: [], pinned: false };
  }

  #blockOf(height: BlockHeight | undefined | null, head: number): { block: number; pin: boolean } {
    if (!height) return { block: head, pin: false };
    if (height.hash != null)
      throw new QueryError('Failed to decode `block.hash` value: `no block with that hash found`');
    const wanted = height.number ?? height.number_gte;
    if (wanted == null)
      throw new QueryError('Failed to decode `block` value: `one of number, number_gte, hash is needed`');
    if (wanted > head) throw new QueryError(behindMessage(this.universe.deployment, head, wanted));
    return { block: height.number == null ? head : wanted, pin: height.number != null };
  }

  #writeMeta(
    document: ValidDocument,
    fields: FieldNode[],
    variables: Variables,
    block: number,
    pin: boolean,
    out: JsonWriter,
  ): void {
    const values: Record<string, unknown> = {};
    for (const [key, nodes] of collectFields(document, subselection(fields), variables)) {
      const name = (nodes[0] as FieldNode).name.value;
      if (name === 'deployment') values[key] = this.universe.deployment;
      else if (name === 'hasIndexingErrors') values[key] = false;
      else if (name === '__typename') values[key] = '_Meta_';
      else {
        const inner: Record<string, unknown> = {};
        for (const [innerKey, innerNodes] of collectFields(document, subselection(nodes), variables)) {
          const column = (innerNodes[0] as FieldNode).name.value;
          if (column === 'number') inner[innerKey] = block;
          else if (column === '__typename') inner[innerKey] = '_Block_';
          else if (pin) inner[innerKey] = null;
          else if (column === 'timestamp') inner[innerKey] = timeOfBlock(block);
          else inner[innerKey] = hex256(0x626c6b, column === 'hash' ? block : block - 1);
        }
        values[key] = inner;
      }
    }
    out.value(values);
  }

  #writeRows(entity: Entity, page: FillPage, out: JsonWriter): number {
    const { universe } = this;
    switch (entity.type) {
      case 'OrderFilledEvent': {
        const rows = universe.writeFills(page, out);
        if (rows !== undefined) return rows;
        if (universe.fillCount > SCAN_MAX) throw new QueryError(STATEMENT_TIMEOUT);
        return writeSorted(universe.fills(page.block), entity, page, out);
      }
      case 'Orderbook':
        return writeTable(mapTable(universe.counters(page.block), orderbookOf), entity, page, out);
      case 'MarketData':
        return writeTable(universe.marketDatas(page.block), entity, page, out);
      default:
        return writeTable(universe.conditions(page.block), entity, page, out);
    }
  }
}

interface BlockHeight {
  readonly hash?: string | null;
  readonly number?: number | null;
  readonly number_gte?: number | null;
}

export const STATEMENT_TIMEOUT =
  'Failed to get entities from store: canceling statement due to statement timeout, query = ' +
  'from(order_filled_event)[deployment = sgd1]: select c.* from "sgd1"."order_filled_event" c where c.block$ <= $1 order by c.id limit 1000 -- binds: [...]';

export function behindMessage(deployment: string, head: number, wanted: number): string {
  return `Failed to decode \`block.number\` value: \`subgraph ${deployment} has only indexed up to block number ${head} and data for block number ${wanted} is therefore not yet available\``;
}

export function prunedMessage(deployment: string, earliest: number, wanted: number): string {
  return `Failed to decode \`block.number\` value: \`subgraph ${deployment} only has data starting at block number ${earliest} and data for block number ${wanted} is therefore not available\``;
}

function pageOf(
  args: Record<string, unknown>,
  entity: Entity,
  block: number,
  columns: FillPage['columns'],
  extraRows: number,
): FillPage {
  const first = (args.first as number | null) ?? 100;
  const skip = (args.skip as number | null) ?? 0;
  if (first < 1 || first > FIRST_MAX) {
    throw new QueryError(`The value of the \`first\` argument must be between 1 and ${FIRST_MAX}, but is ${first}`);
  }
  if (skip < 0 || skip > SKIP_MAX) {
    throw new QueryError(`The value of the \`skip\` argument must be between 0 and ${SKIP_MAX}, but is ${skip}`);
  }
  const orderBy = (args.orderBy as string | null) ?? 'id';
  return {
    filter: parseWhere(args.where as Record<string, unknown> | null, entity),
    orderBy,
    descending: args.orderDirection === 'desc',
    first: first + extraRows,
    skip,
    block,
    columns,
  };
}
