/** What a client asks, as far as it can be known before GraphQL is looked at. */
import type { IncomingMessage } from 'node:http';

const MAX_BODY_BYTES = 16 * 1024 * 1024;

export interface Asked {
  readonly query: string;
  readonly variables: Record<string, unknown>;
  readonly operationName: string | undefined;
}

export async function readBody(request: IncomingMessage): Promise<string> {
  const parts: Buffer[] = [];
  let size = 0;
  for await (const part of request as AsyncIterable<Buffer>) {
    size += part.length;
    if (size > MAX_BODY_BYTES) throw new Error(`a request body of more than ${MAX_BODY_BYTES} bytes`);
    parts.push(part);
  }
  return parts.length === 1 ? (parts[0] as Buffer).toString('utf8') : Buffer.concat(parts).toString('utf8');
}

/** The request, or what is wrong with it. */
export function parseAsked(body: string): Asked | string {
  let value: unknown;
  try {
    value = JSON.parse(body);
  } catch (error) {
    return `GraphQL server error (client error): Invalid request body: ${(error as Error).message}`;
  }
  if (typeof value !== 'object' || value === null || Array.isArray(value)) {
    return 'GraphQL server error (client error): Request body must be one JSON object; batches are not supported';
  }
  const { query, variables, operationName } = value as Record<string, unknown>;
  if (typeof query !== 'string')
    return 'GraphQL server error (client error): The "query" field is missing in request data';
  if (variables != null && (typeof variables !== 'object' || Array.isArray(variables))) {
    return 'GraphQL server error (client error): The "variables" field has an invalid format';
  }
  return {
    query,
    variables: (variables as Record<string, unknown>) ?? {},
    operationName: typeof operationName === 'string' ? operationName : undefined,
  };
}

export function operationNameIn(query: string): string {
  return /^\s*query\s+(\w+)/.exec(query)?.[1] ?? 'anonymous';
}

/** The block that a request pins, near enough for a fault: a variable called block or number, or a literal. */
export function pinIn({ query, variables }: Asked): number | undefined {
  const literal = /block\s*:\s*\{\s*number\s*:\s*(\d+)/.exec(query)?.[1];
  if (literal) return Number(literal);
  const name = /block\s*:\s*\{\s*number\s*:\s*\$(\w+)/.exec(query)?.[1];
  const number = name === undefined ? undefined : variables[name];
  if (typeof number === 'number') return number;
  const whole = /block\s*:\s*\$(\w+)/.exec(query)?.[1];
  const height = whole === undefined ? undefined : variables[whole];
  const pinned = (height as { number?: unknown } | null | undefined)?.number;
  return typeof pinned === 'number' ? pinned : undefined;
}
