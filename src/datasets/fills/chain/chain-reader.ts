/**
 * Block ranges as parts for the engine. A part is handed out only when its blocks follow one another and every match in them
 * closes: what does not is asked for again, and never becomes rows.
 */
import { type FailureError, failed } from '../../../core/failure.js';
import type { Ask, Batch, Part, Reader, RejectedRow } from '../../../engine/ports.js';
import type { ChainSource } from '../../../sources/chain/chain-source.js';
import type { LogFilter } from '../../../sources/chain/exchanges.js';
import type { ChainBlock } from '../../../sources/chain/logs.js';
import type { MatchFinding, MatchProof } from '../../../sources/chain/matches.js';
import { FILL_BYTES } from '../table.js';
import { BlockRows, type RowTarget } from './block-rows.js';

/** What is left of a unit: blocks, both ends included. */
export interface ChainRest {
  readonly from: number;
  readonly to: number;
  /** Hash of the block before `from`, where it was read; null where it was not. */
  readonly parentHash: string | null;
}

/** Rows of a part, about: blocks are never split. */
const PART_ROWS = 1_000;

export type ChainBatch = Batch & RowTarget;

export class ChainReader implements Reader<ChainBatch, ChainRest> {
  constructor(
    private readonly source: ChainSource,
    private readonly filters: readonly LogFilter[],
  ) {}

  /** `ask.size` is in blocks. Throws FailureError, `bad_page` where a match does not close. */
  async *read(rest: ChainRest, ask: Ask): AsyncGenerator<Part<ChainBatch, ChainRest>> {
    let { from, parentHash } = rest;
    while (from <= rest.to) {
      const to = Math.min(rest.to, from + Math.max(1, ask.size) - 1);
      let before = from - 1;
      let rows = new PartRows();
      for await (const block of this.source.blocks({ from, to }, this.filters, ask.signal)) {
        assertFollows(block, before, parentHash);
        rows.append(block);
        before = block.number;
        parentHash = block.hash;
        if (rows.count < PART_ROWS || before === to) continue;
        yield rows.part({ from: before + 1, to: rest.to, parentHash });
        rows = new PartRows();
      }
      if (before !== to) {
        throw failed('transient', 'bad_page', `blocks ${before + 1} to ${to} were not answered`);
      }
      from = to + 1;
      yield rows.part(from <= rest.to ? { from, to: rest.to, parentHash } : null);
    }
  }

  async close(): Promise<void> {
    await this.source.close();
  }
}

/** The rows of some blocks, decoded when they arrive, since appending may not fail. */
class PartRows implements RowTarget {
  count = 0;
  #bytes = Buffer.allocUnsafeSlow(FILL_BYTES * PART_ROWS);
  readonly #rejected: RejectedRow[] = [];
  readonly #blocks = new BlockRows();

  get nextByte(): number {
    return this.count * FILL_BYTES;
  }

  ensureRoom(): Uint8Array {
    if (this.nextByte + FILL_BYTES > this.#bytes.length) {
      const larger = Buffer.allocUnsafeSlow(2 * this.#bytes.length);
      this.#bytes.copy(larger);
      this.#bytes = larger;
    }
    return this.#bytes;
  }

  commit(): void {
    this.count++;
  }

  append(block: ChainBlock): void {
    this.#rejected.push(...this.#blocks.append(block, this));
    assertProved(this.#blocks.proof);
  }

  part(rest: ChainRest | null): Part<ChainBatch, ChainRest> {
    const [bytes, count, rejected] = [this.#bytes, this.count, this.#rejected];
    return {
      rest,
      rows: count,
      append(batch) {
        for (let at = 0; at < count * FILL_BYTES; at += FILL_BYTES) {
          batch.ensureRoom().set(bytes.subarray(at, at + FILL_BYTES), batch.nextByte);
          batch.commit();
        }
        return rejected;
      },
    };
  }
}

function assertFollows(block: ChainBlock, before: number, parentHash: string | null): void {
  const isNext = block.number === before + 1;
  if (!isNext || parentHash === null || block.parentHash === null || block.parentHash === parentHash) return;
  throw failed(
    'transient',
    'reorganized',
    `block ${block.number} names ${block.parentHash} as its parent, but block ${before} is ${parentHash}`,
  );
}

/** A match with an amount that no table can hold is no lie of the source: its fill is a rejected row. */
function assertProved({ findings }: MatchProof): void {
  const finding = findings.find(({ kind }) => kind !== 'unreadable');
  if (finding !== undefined) throw unproved(finding);
}

function unproved({ kind, block, transactionHash, logIndex, exchange, figures }: MatchFinding): FailureError {
  const found = Object.entries(figures).map(([name, value]) => `${name} ${value}`);
  return failed(
    'transient',
    'bad_page',
    `a match of ${exchange} does not close (${[kind, ...found].join(', ')}): a log is missing or altered in block ${block}, ` +
      `transaction ${transactionHash}, at or before log ${logIndex}`,
  );
}
