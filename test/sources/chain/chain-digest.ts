/** What a source told of a range, so that two sources can be compared. */
import { CHAIN_ROW, writeFillRow } from '../../../src/datasets/fills/chain/fill-row.js';
import { EVENT, ExchangeEvents } from '../../../src/sources/chain/exchange-events.js';
import { EXCHANGES, filtersOf, type LogFilter } from '../../../src/sources/chain/exchanges.js';
import type { ChainBlock } from '../../../src/sources/chain/logs.js';
import { type MatchFinding, MatchProof } from '../../../src/sources/chain/matches.js';
import type { BlockRange } from '../../../src/sources/chain/provider-words.js';

export interface Told {
  /** RowBinary in hex, in order. */
  readonly rows: readonly string[];
  readonly findings: readonly MatchFinding[];
  readonly logs: number;
  /** Numbers of the first and last block that was told, and how many. */
  readonly blocks: { readonly first: number; readonly last: number; readonly count: number };
}

interface Source {
  blocks(range: BlockRange, filters: readonly LogFilter[], signal?: AbortSignal): AsyncIterable<ChainBlock>;
}

export async function tell(source: Source, range: BlockRange): Promise<Told> {
  const rows: string[] = [];
  const proof = new MatchProof();
  let events: ExchangeEvents | undefined;
  let logs = 0;
  const blocks = { first: -1, last: -1, count: 0 };
  for await (const block of source.blocks(range, filtersOf(EXCHANGES))) {
    if (block.number <= blocks.last) throw new Error(`block ${block.number} came after ${blocks.last}`);
    if (blocks.first < 0) blocks.first = block.number;
    blocks.last = block.number;
    blocks.count++;
    logs += block.logs.count;
    events ??= new ExchangeEvents(block.logs);
    events.decode(block.logs);
    proof.check(block.number, events);
    for (let i = 0; i < events.count; i++) {
      if (events.kind[i] !== EVENT.fill) continue;
      const row = Buffer.alloc(CHAIN_ROW.bytes);
      const reason = writeFillRow(row, 0, events, i, block.number, block.timestamp);
      if (reason !== null) throw new Error(`a fill of block ${block.number} was rejected: ${reason}`);
      rows.push(row.toString('hex'));
    }
  }
  return { rows, findings: proof.findings, logs, blocks };
}
