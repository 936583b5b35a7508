/** A node's JSON-RPC over one source: the few methods that a reader of logs needs, one at a time or in batches. */
import type { ServerResponse } from 'node:http';
import { setTimeout as sleep } from 'node:timers/promises';

import { addTo } from '../stats.js';
import { Throttle, type ThrottleOptions } from '../throttle.js';
import { BlockScan } from './block-scan.js';
import { CHAIN_ID } from './contracts.js';
import type { ChainFault, ChainFaults } from './faults.js';
import type { ChainHead } from './head.js';
import { LAGGING_BLOCKS } from './portal.js';
import { type Json, receiptsOf, rpcBlock } from './rpc-blocks.js';
import { isRefused, type LogsAsked, logsAsked } from './rpc-filter.js';
import { readLogs } from './rpc-logs.js';
import { type Refusal, RPC_PROFILES, type RpcProfile, type RpcProfileName, THROTTLE_TEXTS } from './rpc-profiles.js';
import type { ChainSource } from './source.js';
import type { ServerStats } from './stats.js';

export interface RpcOptions {
  /** Limits and words of a provider, by name or of one's own. Default: no limits. */
  readonly profile?: RpcProfileName | RpcProfile;
  readonly throttle?: ThrottleOptions;
  readonly latencyMs?: number;
  /** Requests in one batch at most; default 100. */
  readonly maxBatch?: number;
}

type Answer = { readonly result: Buffer | Json | null } | { readonly refusal: Refusal };
interface Call {
  readonly id?: unknown;
  readonly method?: unknown;
  readonly params?: unknown;
}

export class Rpc {
  readonly #throttle: Throttle;
  #profile: RpcProfile;

  constructor(
    readonly source: ChainSource,
    readonly head: ChainHead,
    readonly faults: ChainFaults,
    readonly stats: ServerStats,
    readonly options: RpcOptions,
    readonly closing: AbortSignal,
  ) {
    this.#throttle = new Throttle(options.throttle ?? {});
    this.#profile = profileOf(options.profile ?? 'none');
  }

  setProfile(profile: RpcProfileName | RpcProfile): void {
    this.#profile = profileOf(profile);
  }

  async serve(response: ServerResponse, body: string, agent: string): Promise<void> {
    const refusal = this.#throttle.refuse();
    if (refusal) {
      const said = this.#profile.throttled ?? (THROTTLE_TEXTS[0] as Refusal);
      const wait = refusal.retryAfterSeconds;
      return this.#refuseAll(response, said, wait === null ? {} : { 'retry-after': String(wait) });
    }
    if (this.#profile.refusesAgents?.test(agent)) {
      return this.#refuseAll(response, { code: 403, message: '', status: 403, text: '<html>403 Forbidden</html>' });
    }
    if (this.#profile.dead) return this.#refuseAll(response, this.#profile.dead);
    let asked: unknown;
    try {
      asked = JSON.parse(body);
    } catch (error) {
      return this.#refuseAll(response, { code: -32700, message: `parse error: ${String(error)}`, status: 400 });
    }
    if ((this.options.latencyMs ?? 0) > 0) await sleep(this.options.latencyMs, undefined, { signal: this.closing });
    const calls = (Array.isArray(asked) ? asked : [asked]) as Call[];
    const maxBatch = this.options.maxBatch ?? 100;
    if (calls.length > maxBatch) {
      return this.#refuseAll(response, { code: -32600, message: `batch limit ${maxBatch} exceeded`, status: 400 });
    }
    const strike = this.#strike(calls, body);
    if (strike && this.#struck(strike, body, response)) return;
    const parts: Buffer[] = [];
    let status = 200;
    for (const call of calls) {
      const answer = await this.#answer(call, strike);
      if ('refusal' in answer && answer.refusal.text !== undefined) return this.#refuseAll(response, answer.refusal);
      if ('refusal' in answer && calls.length === 1) status = answer.refusal.status ?? 200;
      parts.push(this.#envelope(call, answer));
    }
    const whole = Array.isArray(asked) ? Buffer.concat(joined(parts)) : (parts[0] as Buffer);
    this.#send(response, status, strike?.kind === 'cut' ? whole.subarray(0, Math.floor(whole.length * 0.7)) : whole);
  }

  #strike(calls: readonly Call[], body: string): ChainFault | undefined {
    const ranges = calls.map(({ method, params }) => {
      if (method !== 'eth_getLogs') return undefined;
      const asked = logsAsked(params, this.source, this.head, this.#finalized(0));
      return isRefused(asked) ? undefined : asked;
    });
    const range = ranges.find((known) => known !== undefined);
    // The id of a request is the client's own business: the same question meets the same fate.
    const key = calls.map(({ method, params }) => `${method}${JSON.stringify(params)}`).join() || body;
    const strike = this.faults.strike('rpc', key, range);
    if (strike) addTo(this.stats.faults, strike.kind);
    return strike;
  }

  #struck(fault: ChainFault, body: string, response: ServerResponse): boolean {
    const wait = { 'retry-after': String(fault.retryAfterSeconds ?? 1) };
    switch (fault.kind) {
      case 'throttled': {
        const said = this.#profile.throttled ?? (THROTTLE_TEXTS[body.length % THROTTLE_TEXTS.length] as Refusal);
        this.#refuseAll(response, said, said.status === 429 ? wait : {});
        return true;
      }
      case 'overloaded':
        this.#refuseAll(response, { code: -32000, message: 'overloaded', status: 529, text: 'overloaded' }, wait);
        return true;
      case 'unavailable':
        this.#refuseAll(response, { code: -32000, message: 'unavailable', status: 503, text: 'Service Unavailable' });
        return true;
      case 'server-error':
        this.#refuseAll(response, { code: -32603, message: 'Internal error', status: 500 });
        return true;
      case 'reset':
        response.socket?.resetAndDestroy();
        return true;
      case 'hang':
        return true;
      case 'header-not-found':
        this.#refuseAll(response, { code: -32000, message: 'header not found' });
        return true;
      default:
        return false;
    }
  }

  #finalized(behind: number): number {
    return Math.max(0, this.head.finalized - behind - (this.#profile.finalizedBehind ?? 0));
  }

  async #answer({ method, params }: Call, strike: ChainFault | undefined): Promise<Answer> {
    if (typeof method !== 'string') return { refusal: { code: -32600, message: 'invalid request' } };
    addTo(this.stats.byCall, method);
    const list = Array.isArray(params) ? params : [];
    const finalized = this.#finalized(
      strike?.kind === 'lagging-finalized' ? (strike.blocksBehind ?? LAGGING_BLOCKS) : 0,
    );
    switch (method) {
      case 'eth_chainId':
        return { result: `0x${(strike?.kind === 'wrong-chain' ? 1 : CHAIN_ID).toString(16)}` };
      case 'net_version':
        return { result: String(strike?.kind === 'wrong-chain' ? 1 : CHAIN_ID) };
      case 'web3_clientVersion':
        return { result: 'bor/v2.5.0-simulated/linux-amd64' };
      case 'eth_blockNumber':
        return { result: `0x${this.head.number.toString(16)}` };
      case 'eth_getBlockByNumber':
        return { result: rpcBlock(this.source, this.head, finalized, list[0]) };
      case 'eth_getBlockReceipts':
        return { result: receiptsOf(this.#scan([]), this.head, finalized, list[0], this.#oldest()) };
      case 'eth_getLogs':
        return this.#logs(logsAsked(params, this.source, this.head, finalized), strike);
      default:
        return { refusal: { code: -32601, message: `the method ${method} does not exist/is not available` } };
    }
  }

  #scan(filters: LogsAsked['filters']): BlockScan {
    const everything = { addresses: undefined, topic0: undefined, topics: [] };
    return new BlockScan(
      this.source,
      filters.length > 0 ? filters : [everything],
      this.faults.lies('rpc', this.stats.faults),
    );
  }

  /** The oldest block that this provider remembers. */
  #oldest(): number {
    return this.#profile.keepsBlocks === undefined ? 0 : this.head.number - this.#profile.keepsBlocks + 1;
  }

  async #logs(asked: LogsAsked | Refusal, strike: ChainFault | undefined): Promise<Answer> {
    if (isRefused(asked)) return { refusal: asked };
    if (strike?.kind === 'empty') return { result: [] };
    let profile = this.#profile;
    let { from } = asked;
    const { to, filters } = asked;
    if (from < this.#oldest()) {
      if (profile.forgotten !== 'silent')
        return { refusal: profile.forgotten ?? { code: -32000, message: 'missing trie node' } };
      from = this.#oldest();
      if (from > to) return { result: [] };
    }
    const span = to - from + 1;
    if (strike?.kind === 'silent-truncation' && span > (strike.blocksBehind ?? 0)) {
      profile = { ...profile, cutsTo: Math.max(1, Math.floor(span / 2)) };
    }
    const read = await readLogs(this.#scan(filters), from, to, profile, !profile.withoutBlockTimestamp);
    if ('refusal' in read) return read;
    this.stats.logs += read.logs;
    return { result: read.json };
  }

  #envelope({ id }: Call, answer: Answer): Buffer {
    const head = `{"jsonrpc":"2.0","id":${JSON.stringify(id ?? null)},`;
    if ('refusal' in answer) {
      const { code, message, data } = answer.refusal;
      addTo(this.stats.byStatus, `rpc ${code}`);
      return Buffer.from(
        `${head}"error":${JSON.stringify(data === undefined ? { code, message } : { code, message, data })}}`,
      );
    }
    const { result } = answer;
    if (Buffer.isBuffer(result)) return Buffer.concat([Buffer.from(`${head}"result":`), result, Buffer.from('}')]);
    return Buffer.from(`${head}"result":${JSON.stringify(result)}}`);
  }

  /** One answer to everything that was asked. */
  #refuseAll(response: ServerResponse, refusal: Refusal, headers: Record<string, string> = {}): void {
    const { text, status = 200 } = refusal;
    const body = text === undefined ? this.#envelope({ id: null }, { refusal }) : Buffer.from(text);
    this.#send(response, status, body, { ...headers, ...(text === undefined ? {} : { 'content-type': 'text/plain' }) });
  }

  #send(response: ServerResponse, status: number, body: Buffer, headers: Record<string, string> = {}): void {
    addTo(this.stats.byStatus, String(status));
    this.stats.bytes += body.length;
    response.writeHead(status, { 'content-type': 'application/json', 'content-length': body.length, ...headers });
    response.end(body);
  }
}

function profileOf(profile: RpcProfileName | RpcProfile): RpcProfile {
  if (typeof profile !== 'string') return profile;
  const known: RpcProfile | undefined = RPC_PROFILES[profile];
  if (!known) throw new Error(`unknown RPC profile "${profile}"; known are ${Object.keys(RPC_PROFILES).join(', ')}`);
  return known;
}

function joined(parts: readonly Buffer[]): Buffer[] {
  const pieces: Buffer[] = [Buffer.from('[')];
  for (const [i, part] of parts.entries()) pieces.push(...(i > 0 ? [Buffer.from(',')] : []), part);
  return [...pieces, Buffer.from(']')];
}
