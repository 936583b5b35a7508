/**
 * Faults on demand, of one server or both. Whether one strikes a request is drawn from the seed and what is asked, not
 * from the order of requests. A lie about logs is drawn from the log or block itself: it is told every time again.
 */
import { draw, unit } from '../hash.js';
import { EVENT, EVENTS, type EventName } from './contracts.js';
import type { LogSheet } from './log-sheet.js';
import { hexOf } from './words.js';

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

const RUN_BLOCKS = 32;

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

  /** The lies that a server tells about logs; undefined when it tells none. */
  lies(server: ServerName): Lies | undefined {
    const faults = this.#faults.filter(
      (fault) =>
        (LOG_FAULTS as readonly string[]).includes(fault.kind) &&
        (fault.server === undefined || fault.server === server),
    );
    return faults.length === 0 ? undefined : new Lies(this.seed, faults);
  }
}

export class Lies {
  constructor(
    readonly seed: number,
    readonly faults: readonly ChainFault[],
  ) {}

  losesBlock(block: number): boolean {
    return this.#strikes('lost-range', block, (fault) => (fault.blocks ? 0 : block >>> 5), RUN_BLOCKS);
  }

  duplicates(block: number): boolean {
    return this.#strikes('duplicate-block', block, () => block, 1);
  }

  #strikes(kind: LogFaultKind, block: number, place: (fault: ChainFault) => number, salt: number): boolean {
    return this.faults.some(
      (fault) =>
        fault.kind === kind && inBlocks(fault, block) && unit(this.seed ^ salt, place(fault)) < (fault.rate ?? 1),
    );
  }

  /** Whether a log is left out; alters it where that is the lie. */
  loses(sheet: LogSheet, i: number): boolean {
    let lost = false;
    for (const fault of this.faults) {
      if (!inBlocks(fault, sheet.block)) continue;
      const rate = fault.rate ?? 1;
      const index = sheet.logIndex[i] as number;
      const tx = sheet.tx[i] as number;
      if (fault.transaction !== undefined && fault.transaction !== hexOf(sheet.txHash, tx * 8, 8)) continue;
      if (fault.kind === 'lost-transaction') {
        lost ||= unit(this.seed ^ 0x7478, sheet.txHash[tx * 8 + 3] as number) < rate;
      } else if (fault.kind === 'lost-log' || fault.kind === 'altered-amount') {
        if (fault.logIndex !== undefined && fault.logIndex !== index) continue;
        if (fault.events && !fault.events.some((name) => EVENT[name] === sheet.event[i])) continue;
        if (unit(this.seed ^ fault.kind.length, (sheet.txHash[tx * 8 + 3] as number) ^ index) >= rate) continue;
        if (fault.kind === 'lost-log') lost = true;
        else alterAmount(sheet, i);
      }
    }
    return lost;
  }
}

function inBlocks({ blocks }: ChainFault, block: number): boolean {
  return !blocks || (block >= blocks.from && block <= blocks.to);
}

const AMOUNT_WORD: Readonly<Record<string, number>> = {
  v1_order_filled: 2,
  order_filled: 2,
  v1_orders_matched: 2,
  orders_matched: 2,
  v1_fee_charged: 1,
  fee_charged: 0,
};

/** One micro-unit more: the least lie there is. */
function alterAmount(sheet: LogSheet, i: number): void {
  const word = AMOUNT_WORD[EVENTS[sheet.event[i] as number]?.name ?? ''];
  if (word === undefined) return;
  const at = (sheet.start[i] as number) + ((sheet.topics[i] as number) - 1 + word) * 8 + 7;
  sheet.words[at] = ((sheet.words[at] as number) + 1) | 0;
}
