/** Blocks of the chain as rows of the tape, and what is proved of them on the way: one for each unit that is read. */

import { EVENT, ExchangeEvents } from '../../../sources/chain/exchange-events.js';
import type { ChainBlock, LogText } from '../../../sources/chain/logs.js';
import { Logs } from '../../../sources/chain/logs.js';
import { MatchProof } from '../../../sources/chain/matches.js';
import { StrangerCounts } from '../../../sources/chain/strangers.js';
import { type ChainRejectReason, writeFillRow } from './fill-row.js';

/** Where rows go: room for one more is asked for, and kept once it is written. */
export interface RowTarget {
  readonly nextByte: number;
  ensureRoom(): Uint8Array;
  commit(): void;
}

/** A fill that no row can hold, as it was emitted. */
export interface RejectedFill {
  readonly reason: ChainRejectReason;
  readonly row: LogText & { readonly blockNumber: number };
}

export class BlockRows {
  readonly proof = new MatchProof();
  readonly strangers = new StrangerCounts();
  readonly #events = new ExchangeEvents(new Logs());

  /** Appends a block's fills, in the order of their log index. Throws FailureError `bad_response` for logs that are none. */
  append(block: ChainBlock, target: RowTarget): RejectedFill[] {
    const events = this.#events;
    events.decode(block.logs);
    this.proof.check(block.number, events);
    this.strangers.countModules(block.number, events);
    const rejected: RejectedFill[] = [];
    for (let i = 0; i < events.count; i++) {
      if (events.kind[i] !== EVENT.fill) continue;
      const reason = writeFillRow(target.ensureRoom(), target.nextByte, events, i, block.number, block.timestamp);
      if (reason === null) target.commit();
      else
        rejected.push({ reason, row: { ...block.logs.describe(events.log[i] as number), blockNumber: block.number } });
    }
    return rejected;
  }
}
