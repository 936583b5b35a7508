/**
 * Faults on demand, of one server or both. Whether one strikes a request is drawn from the seed and what is asked, not
 * from the order of requests. A lie about logs is drawn from the log or block itself: it is told every time again.
 */
import { draw } from '../hash.js';
import { EVENT, type EventName } from './contracts.js';
import { Lies } from './lies.js';

export const REQUEST_FAULTS = [
  /** 429 with Retry-After. */
  'throttled',
  /** 529 with Retry-After. */
  'overloaded',
  /** 503 without Retry-After. */
  'unavailable',
  'server-error',
  /** The connection is reset: before the answer, or (every second range of the portal) in the middle of it. */
  'reset',
  /** No answer at all, until the client gives up. */
  'hang',
  /** The answer ends in the middle of a line, as if it were complete. */
  'cut',
  /** The portal's stream ends after a whole line, before the range does. */
  'early-end',
  /** 200 without a body; by RPC an empty list of logs. */
  'empty',
  /** The finalized head is reported (and served) that many blocks too low. */
  'lagging-finalized',
  /** By RPC the block of a request is not known yet to the one who answers. */
  'header-not-found',
  /** By RPC another chain answers. */
  'wrong-chain',
  /** Only the latter part of a range is answered, without a word. */
  'silent-truncation',
] as const;
export const LOG_FAULTS = [
  'lost-log',
  'lost-transaction',
  /** Whole runs of 32 blocks are missing, their headers too; or exactly the blocks named. */
  'lost-range',
  'duplicate-block',
  'altered-amount',
] as const;
export type RequestFaultKind = (typeof REQUEST_FAULTS)[number];
export type LogFaultKind = (typeof LOG_FAULTS)[number];
export type ServerName = 'portal' | 'rpc';

export interface ChainFault {
  readonly kind: RequestFaultKind | LogFaultKind;
  /** The share of requests, logs, transactions, or blocks that it strikes; default all. */
  readonly rate?: number;
  /** Default both. */
  readonly server?: ServerName;
  /** Only these blocks, both included. */
  readonly blocks?: { readonly from: number; readonly to: number };
  /** lost-log, altered-amount: only these events. */
  readonly events?: readonly EventName[];
  /** lost-log, altered-amount: only this log index. */
  readonly logIndex?: number;
  /** lost-transaction, lost-log, altered-amount: only this one, its hash in lower case. */
  readonly transaction?: string;
  /** A request is struck at most so often. */
  readonly maxPerRequest?: number;
  /** At most so many requests are struck in all. */
  readonly maxStrikes?: number;
  /** throttled, overloaded: default 1. */
  readonly retryAfterSeconds?: number;
  /** lagging-finalized: default 1,000. silent-truncation: ranges up to so many blocks are whole; default 0. */
  readonly blocksBehind?: number;
}

export class ChainFaults {
  #faults: readonly ChainFault[] = [];
  readonly #asked = new Map<string, number>();
  readonly #strikes = new Map<ChainFault, number>();

  constructor(
    readonly seed: number,
    faults: readonly ChainFault[],
  ) {
    this.set(faults);
  }

  set(faults: readonly ChainFault[]): void {
    const known: readonly string[] = [...REQUEST_FAULTS, ...LOG_FAULTS];
    for (const { kind } of faults) if (!known.includes(kind)) throw new Error(`unknown fault "${kind}"`);
    for (const name of faults.flatMap(({ events = [] }) => events)) {
      if (!(name in EVENT)) throw new Error(`unknown event "${name}"`);
    }
    this.#faults = faults;
    this.#strikes.clear();
  }

  /** The fault that strikes a request, if one does. `blocks` is the range it asks for, where it asks for one. */
  strike(server: ServerName, request: string, blocks?: { from: number; to: number }): ChainFault | undefined {
    const attempt = this.#asked.get(request) ?? 0;
    if (this.#asked.size > 100_000) this.#asked.clear();
    this.#asked.set(request, attempt + 1);
    for (const [salt, fault] of this.#faults.entries()) {
      if (!(REQUEST_FAULTS as readonly string[]).includes(fault.kind)) continue;
      if (fault.server !== undefined && fault.server !== server) continue;
      if (fault.blocks && (!blocks || blocks.to < fault.blocks.from || blocks.from > fault.blocks.to)) continue;
      if (attempt >= (fault.maxPerRequest ?? Number.POSITIVE_INFINITY)) continue;
      const strikes = this.#strikes.get(fault) ?? 0;
      if (strikes >= (fault.maxStrikes ?? Number.POSITIVE_INFINITY)) continue;
      if (draw(this.seed + attempt, server + request, salt) >= (fault.rate ?? 1)) continue;
      this.#strikes.set(fault, strikes + 1);
      return fault;
    }
    return undefined;
  }

  /** The lies that a server tells about logs, counted in `told`; undefined when it tells none. */
  lies(server: ServerName, told: Record<string, number>): Lies | undefined {
    const faults = this.#faults.filter(
      (fault) =>
        (LOG_FAULTS as readonly string[]).includes(fault.kind) &&
        (fault.server === undefined || fault.server === server),
    );
    return faults.length === 0 ? undefined : new Lies(this.seed, faults, told);
  }
}
