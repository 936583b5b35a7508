/**
 * How providers refuse a request for logs that is too large: their limits and their very words. Ranges are in blocks,
 * results in logs; `says` gives the JSON error (or another HTTP answer) for what was asked.
 */
export interface Asked {
  readonly from: number;
  readonly to: number;
  /** Blocks of the range, both ends counted. */
  readonly blocks: number;
  /** The last block up to which the results would have fitted; only where results were too many. */
  readonly fits: number;
}

export interface Refusal {
  readonly code: number;
  readonly message: string;
  readonly data?: unknown;
  /** Default 200. */
  readonly status?: number;
  /** An answer that is no JSON-RPC. */
  readonly text?: string;
}

export interface RpcProfile {
  readonly maxBlocks?: number;
  readonly maxResults?: number;
  readonly maxBytes?: number;
  /** Of a range or of results too many. */
  readonly says: (asked: Asked) => Refusal;
  /** Throttling, as this provider puts it. */
  readonly throttled?: Refusal;
  /** Blocks further below the head than this are forgotten. */
  readonly keepsBlocks?: number;
  /** What a request for logs that are forgotten gets: a refusal, or silence. */
  readonly forgotten?: Refusal | 'silent';
  /** A range wider than this is answered for its last so many blocks, without a word. */
  readonly cutsTo?: number;
  /** Logs lack `blockTimestamp`. */
  readonly withoutBlockTimestamp?: boolean;
  /** Every request gets this. */
  readonly dead?: Refusal;
  /** 403 to clients that call themselves so, or by no name. */
  readonly refusesAgents?: RegExp;
  /** Blocks that `finalized` lags behind the others'. */
  readonly finalizedBehind?: number;
}

const hex = (block: number) => `0x${block.toString(16)}`;
const plain = (code: number, message: string, status?: number) => (): Refusal =>
  status === undefined ? { code, message } : { code, message, status };

/** A provider's manner of refusing a range that is too wide; the number in the text is the cap. */
const cap = (maxBlocks: number, code: number, message: string, status?: number): RpcProfile => ({
  maxBlocks,
  says: plain(code, message, status),
});
/** A provider's manner of refusing too many results, with a range that would do or without. */
const much = (maxResults: number, says: RpcProfile['says']): RpcProfile => ({ maxResults, says });

export const RPC_PROFILES = {
  none: { says: plain(-32000, 'never said') },
  'alchemy-free': cap(
    10,
    -32600,
    'Under the Free tier plan, you can make eth_getLogs requests with up to a 10 block range. Based on your parameters, this block range should work: [0x0, 0x9]. Upgrade to PAYG for expanded block range.',
    400,
  ),
  alchemy: much(10_000, ({ from, fits }) => ({
    code: -32602,
    message: `Log response size exceeded. You can make eth_getLogs requests with up to a 2K block range and no limit on the response size, or you can request any block range with a cap of 10K logs in the response. Based on your parameters and the response size limit, this block range should work: [${hex(from)}, ${hex(fits)}]`,
  })),
  infura: much(10_000, ({ from, fits }) => ({
    code: -32005,
    message: `query returned more than 10000 results. Try with this block range [${hex(from)}, ${hex(fits)}].`,
    data: { from: hex(from), limit: 10_000, to: hex(fits) },
  })),
  'quicknode-free': cap(5, -32614, 'eth_getLogs is limited to a 5 range', 413),
  quicknode: {
    ...cap(10_000, -32614, 'eth_getLogs is limited to a 10,000 range'),
    throttled: { code: 429, message: 'request limit reached', status: 429 },
  },
  drpc: cap(10_000, 35, 'ranges over 10000 blocks are not supported on free plan', 400),
  'drpc-old': cap(10_000, 35, 'ranges over 10000 blocks are not supported on freetier', 400),
  // What it says is not what it does: less than the number in the text is refused too.
  'drpc-stingy': cap(100, 35, 'ranges over 10000 blocks are not supported on free plan', 400),
  'agent-refused': { says: plain(-32000, ''), refusesAgents: /^$|^(node|undici|axios|python|curl|Go-http-client)/i },
  publicnode: {
    ...cap(50_000, -32701, 'exceed maximum block range: 50000'),
    keepsBlocks: 100_000,
    forgotten: {
      code: -32701,
      message:
        'Please specify an address in your request or, to remove restrictions, order a dedicated full node here: https://www.allnodes.com/pol/host',
      status: 403,
    },
  },
  tenderly: {
    ...much(20_000, ({ from, fits }) => ({
      code: -32602,
      message: `query exceeds max results 20000, retry with the range ${from}-${fits}`,
    })),
    cutsTo: 100_000,
  },
  'chainstack-free': cap(
    100,
    -32602,
    'Block range limit exceeded. See more details at https://docs.chainstack.com/docs/limits#evm-range-limits',
  ),
  chainstack: cap(
    10_000,
    -32602,
    'Block range limit exceeded. See more details at https://docs.chainstack.com/docs/limits#evm-range-limits',
  ),
  ankr: cap(3_000, -32600, 'block range is too wide'),
  '1rpc': { ...cap(1_000, -32000, 'eth_getLogs is limited to a 1000 blocks range'), finalizedBehind: 1_500 },
  'max-range': cap(2_000, -32000, 'Max range: 2000'),
  'max-number': cap(500, -32000, 'Maximum allowed number of requested blocks is 500'),
  'limited-to': cap(1_000, -32000, 'eth_getLogs and eth_newFilter are limited to 1000 block range'),
  plan: {
    maxBlocks: 2_000,
    says: ({ blocks }: Asked) => ({
      code: -32000,
      message: `block range exceeds the range allowed for your plan (${blocks} > 2000)`,
    }),
  },
  'up-to': cap(800, -32600, 'You can make eth_getLogs requests with up to a 800 block range'),
  'block-range-too-large': cap(1_000, -32000, 'block range too large'),
  'backend-too-large': much(5_000, plain(-32020, 'backend response too large')),
  'response-size': { maxBytes: 2_000_000, says: plain(-32000, 'response size should not greater than 2000000 bytes') },
  'exceeds-limit': much(10_000, plain(-32005, 'logs matched by query exceeds limit of 10000')),
  'http-413': {
    maxBytes: 2_000_000,
    says: () => ({ code: 413, message: '', status: 413, text: 'Request Entity Too Large' }),
  },
  unhealthy: {
    says: plain(-32000, ''),
    dead: { code: -32011, message: 'no backend is currently healthy to serve traffic', status: 503 },
  },
  dead: {
    says: plain(-32000, ''),
    dead: {
      code: -32051,
      message: 'API key disabled, reason: tenant disabled, json-rpc code: -32051, rest code: 403',
      status: 403,
    },
  },
  unauthorized: {
    says: plain(-32000, ''),
    dead: { code: -32000, message: 'Unauthorized: You must authenticate your request with an API key.', status: 401 },
  },
  pruned: { says: plain(-32000, ''), keepsBlocks: 128, forgotten: 'silent' },
  'no-timestamps': { says: plain(-32000, ''), withoutBlockTimestamp: true },
} satisfies Record<string, RpcProfile>;

export type RpcProfileName = keyof typeof RPC_PROFILES;

/** Throttle replies of several providers, for the fault `throttled` by RPC. */
export const THROTTLE_TEXTS: readonly Refusal[] = [
  { code: 429, message: 'Too Many Requests', status: 429, text: 'Too Many Requests' },
  { code: -32005, message: 'daily request count exceeded, request rate limited' },
  { code: -32029, message: 'Too many requests, reason: call rate limit exhausted, retry in 10s', status: 429 },
  { code: 429, message: 'Your app has exceeded its compute units per second capacity.', status: 429 },
];
