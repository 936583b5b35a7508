import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { type ArgumentNode, type FieldNode, type OperationDefinitionNode, parse, valueFromASTUntyped } from 'graphql';
import { SourceClient, type SourceOptions } from '../../src/source/client.js';

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
      const client = new SourceClient({ deadlineMs: 5000, connections: 16, ...options });
      opened.push(client);
      return client;
    },
    async close(): Promise<void> {
      for (let next = opened.pop(); next; next = opened.pop()) await next.close();
    },
  };
}

export type Entity = Readonly<Record<string, unknown>> & { readonly id: string };

/** Evaluates list queries with where, orderBy, first and aliases over entities in memory. */
export function answerLists(entities: Readonly<Record<string, readonly Entity[]>>): Answer {
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
      const rows = (entities[field.name.value] as Entity[]).filter((row) => matches(row, (args.where ?? {}) as object));
      const key = (args.orderBy ?? 'id') as string;
      rows.sort((a, b) => compare(a, b, key) || compare(a, b, 'id'));
      const wanted = ((field.selectionSet?.selections ?? []) as FieldNode[]).map(({ name }) => name.value);
      data[field.alias?.value ?? field.name.value] = rows
        .slice(0, args.first as number)
        .map((row) => Object.fromEntries(wanted.map((name) => [name, row[name]])));
    }
    json(response, { data });
  };
}

function compare(a: Entity, b: Entity, key: string): number {
  const [x, y] = [a[key] as string, b[key] as string];
  if (key === 'timestamp') return Number(x) - Number(y);
  return Buffer.compare(Buffer.from(x), Buffer.from(y));
}

function matches(row: Entity, where: object): boolean {
  return Object.entries(where).every(([condition, wanted]) => {
    const [, column, operator] = /^(.*?)(?:_(gt|gte|lt|lte|in|not))?$/.exec(condition) as unknown as string[];
    const value = row[column as string] as string;
    const order =
      column === 'timestamp'
        ? Number(value) - Number(wanted)
        : Buffer.compare(Buffer.from(value), Buffer.from(String(wanted)));
    switch (operator) {
      case 'gt':
        return order > 0;
      case 'gte':
        return order >= 0;
      case 'lt':
        return order < 0;
      case 'lte':
        return order <= 0;
      case 'in':
        return (wanted as string[]).includes(value);
      case 'not':
        return order !== 0;
      default:
        return order === 0;
    }
  });
}
