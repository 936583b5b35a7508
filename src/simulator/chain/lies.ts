/** Lies about logs: drawn from the log or block itself, so that they are told every time again. */
import { unit } from '../hash.js';
import { addTo } from '../stats.js';
import { EVENT, EVENTS } from './contracts.js';
import type { ChainFault, LogFaultKind } from './faults.js';
import type { LogSheet } from './log-sheet.js';
import { hexOf } from './words.js';

const RUN_BLOCKS = 32;

export class Lies {
  constructor(
    readonly seed: number,
    readonly faults: readonly ChainFault[],
    /** Logs, or blocks, by kind of lie. */
    readonly told: Record<string, number>,
  ) {}

  losesBlock(block: number): boolean {
    return this.#strikes('lost-range', block, (fault) => (fault.blocks ? 0 : Math.floor(block / RUN_BLOCKS)), 3);
  }

  duplicates(block: number): boolean {
    return this.#strikes('duplicate-block', block, () => block, 1);
  }

  #strikes(kind: LogFaultKind, block: number, place: (fault: ChainFault) => number, salt: number): boolean {
    const strikes = this.faults.some(
      (fault) =>
        fault.kind === kind && inBlocks(fault, block) && unit(this.seed ^ salt, place(fault)) < (fault.rate ?? 1),
    );
    if (strikes) addTo(this.told, kind);
    return strikes;
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
        if (unit(this.seed ^ 0x7478, sheet.txHash[tx * 8 + 3] as number) >= rate) continue;
        lost = true;
      } else if (fault.kind === 'lost-log' || fault.kind === 'altered-amount') {
        if (fault.logIndex !== undefined && fault.logIndex !== index) continue;
        if (fault.events && !fault.events.some((name) => EVENT[name] === sheet.event[i])) continue;
        if (unit(this.seed ^ fault.kind.length, (sheet.txHash[tx * 8 + 3] as number) ^ index) >= rate) continue;
        if (fault.kind === 'lost-log') lost = true;
        else if (!alterAmount(sheet, i)) continue;
      } else continue;
      addTo(this.told, fault.kind);
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

/** One micro-unit more: the least lie there is. False where the log says no amount. */
function alterAmount(sheet: LogSheet, i: number): boolean {
  const word = AMOUNT_WORD[EVENTS[sheet.event[i] as number]?.name ?? ''];
  if (word === undefined) return false;
  const at = (sheet.start[i] as number) + ((sheet.topics[i] as number) - 1 + word) * 8 + 7;
  sheet.words[at] = ((sheet.words[at] as number) + 1) | 0;
  return true;
}
