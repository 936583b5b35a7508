/** Reads a simulated chain the slow, plain way: JSON.parse and BigInt. */
import type { ServedChain } from '../../../src/simulator/chain/start.js';
import type { ChainFill } from '../../../src/simulator/chain/truth.js';

export interface PlainLog {
  readonly address: string;
  readonly topics: readonly string[];
  readonly data: string;
  readonly transactionHash: string;
  readonly transactionIndex: number;
  readonly logIndex: number;
  readonly block: number;
}

export interface Line {
  readonly header: {
    readonly number: number;
    readonly hash: string;
    readonly parentHash: string;
    readonly timestamp: number;
  };
  readonly logs: readonly Omit<PlainLog, 'block'>[];
}

const ALL_FIELDS = {
  block: { number: true, hash: true, parentHash: true, timestamp: true },
  log: { address: true, topics: true, data: true, transactionHash: true, transactionIndex: true, logIndex: true },
};

export function portalQuery(fromBlock: number, toBlock: number, more: object = {}): object {
  return { type: 'evm', fromBlock, toBlock, fields: ALL_FIELDS, logs: [{}], ...more };
}

export function post(url: string, body: unknown): Promise<Response> {
  return fetch(url, { method: 'POST', body: typeof body === 'string' ? body : JSON.stringify(body) });
}

export async function portalLines(chain: ServedChain, query: object, path = '/finalized-stream'): Promise<Line[]> {
  const response = await post(chain.portalUrl + path, query);
  if (response.status !== 200) throw new Error(`${response.status}: ${await response.text()}`);
  const text = await response.text();
  return text
    .split('\n')
    .filter(Boolean)
    .map((line) => JSON.parse(line) as Line);
}

export function logsOf(lines: readonly Line[]): PlainLog[] {
  return lines.flatMap(({ header, logs }) => logs.map((log) => ({ ...log, block: header.number })));
}

export async function rpc<T = unknown>(chain: ServedChain, method: string, ...params: unknown[]): Promise<T> {
  const response = await post(chain.rpcUrl, { jsonrpc: '2.0', id: 1, method, params });
  const answer = (await response.json()) as { result?: T; error?: { code: number; message: string } };
  if (answer.error) throw new Error(`${answer.error.code}: ${answer.error.message}`);
  return answer.result as T;
}

export type RpcLog = Record<
  'address' | 'data' | 'transactionHash' | 'transactionIndex' | 'logIndex' | 'blockNumber',
  string
> & {
  readonly topics: readonly string[];
  readonly blockTimestamp?: string;
};

export function plainOf(log: RpcLog): PlainLog {
  const { address, topics, data, transactionHash } = log;
  return {
    address,
    topics,
    data,
    transactionHash,
    transactionIndex: Number(log.transactionIndex),
    logIndex: Number(log.logIndex),
    block: Number(log.blockNumber),
  };
}

export const hex = (value: number) => `0x${value.toString(16)}`;

/** The n-th 32-byte word of a log's data. */
export function word(log: { readonly data: string }, n: number): bigint {
  return BigInt(`0x${log.data.slice(2 + n * 64, 66 + n * 64)}`);
}

export function addressOf(topic: string | undefined): string {
  return `0x${(topic ?? '').slice(26)}`;
}

export const V1_FILLED = '0xd0a08e8c493f9c94f29311604c9de1b4e8c8d4c06bd0c789af57f2d65bfec0f6';
export const FILLED = '0xd543adfd945773f1a62f74f0ee55a5e3b9b1a28262980ba90b1a89f2ea84d8ee';

/** What the event says, as a row of the tape has it; undefined where the log is no fill. */
export function decodedFill(log: PlainLog) {
  const [topic0, orderHash, maker, taker] = log.topics;
  if (topic0 !== V1_FILLED && topic0 !== FILLED) return undefined;
  const v1 = topic0 === V1_FILLED;
  const buys = word(log, 0) === 0n;
  const [given, taken, fee] = [word(log, 2), word(log, 3), word(log, 4)];
  return {
    txHash: log.transactionHash,
    orderHash,
    logIndex: log.logIndex,
    block: log.block,
    wallet: addressOf(maker),
    counterparty: addressOf(taker),
    token: String(v1 && !buys ? word(log, 0) : word(log, 1)),
    side: buys ? 'BUY' : 'SELL',
    shares: buys ? taken : given,
    usdc: buys ? given : taken,
    fee,
  };
}

/** The part of a true row that the event itself says. */
export function saidOf(fill: ChainFill) {
  const { time: _t, exchange: _e, cash: _c, netShares: _n, unknownModule: _u, ...said } = fill;
  return said;
}
