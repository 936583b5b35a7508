import type { Simulator } from '../../src/simulator/server.js';

export interface GraphAnswer {
  // biome-ignore lint/suspicious/noExplicitAny: answers are whatever the test asked for
  readonly data?: any;
  readonly errors?: { readonly message: string }[];
}

/** One GraphQL request over HTTP; `raw` gives status, headers and text. */
export async function raw(url: string, body: unknown, headers: Record<string, string> = {}): Promise<Response> {
  return fetch(url, { method: 'POST', headers, body: typeof body === 'string' ? body : JSON.stringify(body) });
}

export async function ask(
  simulator: Simulator,
  query: string,
  variables: Record<string, unknown> = {},
  endpoint: 'url' | 'pnlUrl' = 'url',
): Promise<GraphAnswer> {
  const response = await raw(simulator[endpoint], { query, variables });
  if (response.status !== 200) throw new Error(`status ${response.status}: ${await response.text()}`);
  return (await response.json()) as GraphAnswer;
}

/** The first error's message; fails where there is data. */
export async function refusal(
  simulator: Simulator,
  query: string,
  variables: Record<string, unknown> = {},
  endpoint: 'url' | 'pnlUrl' = 'url',
): Promise<string> {
  const answer = await ask(simulator, query, variables, endpoint);
  if (answer.data !== undefined || !answer.errors?.[0])
    throw new Error(`an answer, not errors: ${JSON.stringify(answer).slice(0, 300)}`);
  return answer.errors[0].message;
}
