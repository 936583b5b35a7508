/** Headers of blocks by eth_getBlockByNumber, and the newest final one. */
import { z } from 'zod';
import { failed } from '../../core/failure.js';
import type { RpcEndpoint } from './rpc-endpoint.js';

export interface Header {
  readonly number: number;
  /** Lower-case hex with 0x. */
  readonly hash: string;
  readonly parentHash: string;
  /** Seconds since 1970. */
  readonly timestamp: number;
}

const hash = z.string().regex(/^0x[0-9a-f]{64}$/);
const quantity = z
  .string()
  .regex(/^0x[0-9a-f]{1,16}$/)
  .transform(Number)
  .pipe(z.int().max(0xffff_ffff));
const headerSchema = z.object({ number: quantity, hash, parentHash: hash, timestamp: quantity });

/** In the order of `numbers`. Throws FailureError: `behind` where the provider does not have one of them yet. */
export async function headersOf(
  endpoint: RpcEndpoint,
  numbers: readonly number[],
  signal?: AbortSignal,
): Promise<Header[]> {
  const params = numbers.map((number) => [`0x${number.toString(16)}`, false]);
  const results = await endpoint.calls('eth_getBlockByNumber', params, signal);
  return results.map((result, i) => {
    const header = parse(endpoint, result, `block ${numbers[i]}`);
    if (header.number === numbers[i]) return header;
    throw failed('transient', 'bad_page', `${endpoint.name} answered block ${header.number} for block ${numbers[i]}`);
  });
}

/** The newest block that cannot be reorganized any more, as this provider sees it. Throws FailureError. */
export async function finalizedHeader(endpoint: RpcEndpoint, signal?: AbortSignal): Promise<Header> {
  const result = await endpoint.call('eth_getBlockByNumber', ['finalized', false], signal);
  return parse(endpoint, result, 'the finalized block');
}

function parse(endpoint: RpcEndpoint, result: unknown, what: string): Header {
  if (result === null) throw failed('transient', 'behind', `${endpoint.name} does not have ${what} yet`);
  const parsed = headerSchema.safeParse(result);
  if (parsed.success) return parsed.data;
  const issue = parsed.error.issues[0];
  throw failed(
    'transient',
    'bad_response',
    `${endpoint.name} answered ${what} with an unexpected ${issue?.path.join('.') || 'shape'} (${issue?.message})`,
  );
}
