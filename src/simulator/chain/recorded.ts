/** Logs from elsewhere, a real chain's or a test node's, served as they are by the same portal and the same node. */
import { blockHashInto, timeOfBlock } from './clock.js';
import { EMITTERS, EVENTS } from './contracts.js';
import type { LogSheet } from './log-sheet.js';
import type { ChainSource } from './source.js';
import { isWanted, type Wanted } from './wanted.js';
import { hexOf, wordsOf } from './words.js';

/** As eth_getLogs gives it. What is missing of the block is made up: hashes by the seed, times by the clock. */
export interface RecordedLog {
  readonly address: string;
  readonly topics: readonly string[];
  readonly data: string;
  readonly blockNumber: string;
  readonly transactionHash: string;
  readonly transactionIndex?: string;
  readonly logIndex: string;
  readonly blockHash?: string;
  readonly blockTimestamp?: string;
}

interface Placed {
  readonly log: RecordedLog;
  readonly emitter: number;
  readonly event: number;
  readonly logIndex: number;
}

export class RecordedChain implements ChainSource {
  readonly lastBlock: number;
  readonly #blocks = new Map<number, Placed[]>();
  readonly #numbers: readonly number[];

  /** The chain goes on for some blocks after the last log, so that it can become final. */
  constructor(
    logs: readonly RecordedLog[],
    readonly seed = 1,
    blocksAfter = 100,
  ) {
    for (const log of logs) {
      const emitter = EMITTERS.findIndex(({ address }) => address === log.address);
      const event = EVENTS.findIndex(({ topic0 }) => topic0 === log.topics[0]);
      if (emitter < 0) throw new Error(`recorded log of an address that is not known here: ${log.address}`);
      if (event < 0) throw new Error(`recorded log of an event that is not known here: ${log.topics[0]}`);
      const block = Number(log.blockNumber);
      const placed = { log, emitter, event, logIndex: Number(log.logIndex) };
      const others = this.#blocks.get(block);
      if (others) others.push(placed);
      else this.#blocks.set(block, [placed]);
    }
    for (const placed of this.#blocks.values()) placed.sort((a, b) => a.logIndex - b.logIndex);
    this.#numbers = [...this.#blocks.keys()].sort((a, b) => a - b);
    this.lastBlock = (this.#numbers.at(-1) ?? 0) + blocksAfter;
  }

  write(block: number, sheet: LogSheet, wanted: Wanted): void {
    sheet.reset(block);
    let transaction: string | undefined;
    for (const { log, emitter, event, logIndex } of this.#blocks.get(block) ?? []) {
      if (!isWanted(wanted, emitter, event)) continue;
      if (log.transactionHash !== transaction) {
        transaction = log.transactionHash;
        const at = sheet.addTx(Number(log.transactionIndex ?? 0));
        sheet.txHash.set(wordsOf(transaction), at);
      }
      const dataWords = (log.data.length - 2) / 64;
      const at = sheet.add(emitter, event, logIndex, log.topics.length, dataWords);
      for (const [t, topic] of log.topics.slice(1).entries()) sheet.words.set(wordsOf(topic), at + t * 8);
      sheet.words.set(wordsOf(log.data, dataWords * 8), at + (log.topics.length - 1) * 8);
    }
  }

  nextBusy(from: number, to: number): number {
    return Math.min(to + 1, this.#numbers.find((block) => block >= from) ?? Number.POSITIVE_INFINITY);
  }

  blockHash(block: number): string {
    const recorded = this.#blocks.get(block)?.find(({ log }) => log.blockHash !== undefined)?.log.blockHash;
    return recorded ?? hexOf(blockHashInto(this.seed, block, new Int32Array(8)));
  }

  timeOf(block: number): number {
    const recorded = this.#blocks.get(block)?.find(({ log }) => log.blockTimestamp !== undefined)?.log.blockTimestamp;
    return recorded === undefined ? timeOfBlock(block) : Number(recorded);
  }
}
