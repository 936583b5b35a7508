import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { type ArgumentNode, type FieldNode, type OperationDefinitionNode, parse, valueFromASTUntyped } from 'graphql';
import { SourceClient, type SourceOptions } from '../../../src/sources/subgraph/client.js';

export interface Wire {
  readonly url: string;
  readonly server: Server;
  /** Bodies of the requests that came in. */
  readonly asked: { query: string; variables: Record<string, unknown> }[];
  readonly headers: IncomingMessage['headers'][];
  close(): Promise<void>;
}

export type Answer = (request: { query: string; variables: Record<string, unknown> }, response: ServerResponse) => void;

/** A server on a free port that speaks the wire and nothing else. */
export async function startWire(answer: Answer): Promise<Wire> {
  const asked: Wire['asked'] = [];
  const headers: Wire['headers'] = [];
  const server = createServer((request, response) => {
    const parts: Buffer[] = [];
    request.on('data', (part: Buffer) => parts.push(part));
    request.on('end', () => {
      const body = JSON.parse(Buffer.concat(parts).toString()) as Wire['asked'][0];
      asked.push(body);
      headers.push(request.headers);
      answer(body, response);
    });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const close = () =>
    new Promise<void>((resolve) => {
      server.closeAllConnections();
      server.close(() => resolve());
    });
  return { url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/gn`, server, asked, headers, close };
}

export function json(response: ServerResponse, body: unknown, status = 200): void {
  response.writeHead(status, { 'content-type': 'application/json' });
  response.end(JSON.stringify(body));
}

/** What a test opens is closed after it: `const { open } = closing(); afterEach(close)`. */
export function opener() {
  const opened: { close(): Promise<void> }[] = [];
  return {
    async wire(answer: Answer): Promise<Wire> {
      const wire = await startWire(answer);
      opened.push(wire);
      return wire;
    },
    client(options: Partial<SourceOptions> & { url: string }): SourceClient {
      const client = new SourceClient({ deadlineMs: 30_000, connections: 16, ...options });
      opened.push(client);
      return client;
    },
    async close(): Promise<void> {
      for (let next = opened.pop(); next; next = opened.pop()) await next.close();
    },
  };
}

export type Entity = Readonly<Record<string, unknown>> & { readonly id: string };

/**
 * Evaluates list queries with where, orderBy, first and aliases over entities in memory, sorted bytewise once: a test
 * of thousands of rows must not spend its time, and a loaded machine its deadline, on sorting them for every page.
 */
export function answerLists(entities: Readonly<Record<string, readonly Entity[]>>): Answer {
  const sorted = new Map(Object.entries(entities).map(([name, rows]) => [name, bytewise(rows)]));
  return ({ query, variables }, response) => {
    const operation = parse(query).definitions[0] as OperationDefinitionNode;
    const data: Record<string, unknown> = {};
    for (const field of operation.selectionSet.selections as FieldNode[]) {
      const args = Object.fromEntries(
        (field.arguments as ArgumentNode[]).map(({ name, value }) => [
          name.value,
          valueFromASTUntyped(value, variables),
        ]),
      );
      const tests = Object.entries((args.where ?? {}) as object).map(([condition, wanted]) =>
        testOf(condition, wanted),
      );
      const rows = (sorted.get(field.name.value) as Entity[]).filter((row) => tests.every((test) => test(row)));
      // Stable: rows of one second stay in the order of their ids.
      if (args.orderBy === 'timestamp') rows.sort((a, b) => Number(a.timestamp) - Number(b.timestamp));
      const wanted = ((field.selectionSet?.selections ?? []) as FieldNode[]).map(({ name }) => name.value);
      data[field.alias?.value ?? field.name.value] = rows
        .slice(0, args.first as number)
        .map((row) => Object.fromEntries(wanted.map((name) => [name, row[name]])));
    }
    json(response, { data });
  };
}

function bytewise(rows: readonly Entity[]): Entity[] {
  const keyed = rows.map((row) => ({ row, key: Buffer.from(row.id) }));
  return keyed.sort((a, b) => Buffer.compare(a.key, b.key)).map(({ row }) => row);
}

/** Strings compare as bytes do, but for characters beyond the first plane, which no test uses. */
function testOf(condition: string, wanted: unknown): (row: Entity) => boolean {
  const [, column, operator] = /^(.*?)(?:_(gt|gte|lt|lte|in|not))?$/.exec(condition) as unknown as [
    string,
    string,
    string,
  ];
  const numeric = column === 'timestamp';
  const value = (row: Entity) => (numeric ? Number(row[column]) : (row[column] as string));
  if (operator === 'in') {
    const set = new Set(wanted as string[]);
    return (row) => set.has(row[column] as string);
  }
  const bound = numeric ? Number(wanted) : (wanted as string);
  switch (operator) {
    case 'gt':
      return (row) => value(row) > bound;
    case 'gte':
      return (row) => value(row) >= bound;
    case 'lt':
      return (row) => value(row) < bound;
    case 'lte':
      return (row) => value(row) <= bound;
    case 'not':
      return (row) => value(row) !== bound;
    default:
      return (row) => value(row) === bound;
  }
}
