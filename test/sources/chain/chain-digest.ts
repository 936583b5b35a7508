/** What a source told of a range, so that two sources can be compared. */

import { BlockRows } from '../../../src/datasets/fills/chain/block-rows.js';
import { FILL_BYTES } from '../../../src/datasets/fills/table.js';
import type { ChainSource } from '../../../src/sources/chain/chain-source.js';
import { EXCHANGES, filtersOf } from '../../../src/sources/chain/exchanges.js';
import type { MatchFinding } from '../../../src/sources/chain/matches.js';
import type { BlockRange } from '../../../src/sources/chain/provider-words.js';

export interface Told {
  /** RowBinary in hex, in order. */
  readonly rows: readonly string[];
  readonly findings: readonly MatchFinding[];
  readonly logs: number;
  /** Numbers of the first and last block that was told, and how many. */
  readonly blocks: { readonly first: number; readonly last: number; readonly count: number };
}

export async function tell(source: ChainSource, range: BlockRange): Promise<Told> {
  const rows: string[] = [];
  const row = Buffer.alloc(FILL_BYTES);
  const target = { nextByte: 0, ensureRoom: () => row, commit: () => void rows.push(row.toString('hex')) };
  const blockRows = new BlockRows();
  let logs = 0;
  const blocks = { first: -1, last: -1, count: 0 };
  for await (const block of source.blocks(range, filtersOf(EXCHANGES))) {
    if (block.number <= blocks.last) throw new Error(`block ${block.number} came after ${blocks.last}`);
    if (blocks.first < 0) blocks.first = block.number;
    blocks.last = block.number;
    blocks.count++;
    logs += block.logs.count;
    const [rejected] = blockRows.append(block, target);
    if (rejected !== undefined) throw new Error(`a fill of block ${block.number} was rejected: ${rejected.reason}`);
  }
  return { rows, findings: blockRows.proof.findings, logs, blocks };
}
