/** Reads block ranges of conditions' logs, whatever carries them, and writes them into `condition_logs`. */
import { loadSql } from '../../../clickhouse/sql.js';
import type { Target } from '../../../clickhouse/target.js';
import { failed } from '../../../core/failure.js';
import type { Part, Reader, Sink } from '../../../engine/ports.js';
import type { ChainSource } from '../../../sources/chain/chain-source.js';
import { CONDITION_FILTERS, decodeConditionEvent } from '../../../sources/chain/condition-events.js';
import type { BlockRange } from '../../../sources/chain/provider-words.js';
import { lineOf, type PlacedEvent } from './rows.js';

/** Lines of JSON, one a log. */
export class ConditionBatch {
  readonly lines: string[] = [];
  get rows(): number {
    return this.lines.length;
  }
}

/** Logs of a part: computing their tokens takes a tenth of a second. */
const PART_LOGS = 500;
/** Blocks of a part where there are few logs: what is asked for again after a failure. */
const PART_BLOCKS = 10_000;

export function conditionsReader(source: ChainSource): Reader<ConditionBatch, BlockRange> {
  return {
    async *read(rest, { signal }) {
      let events: PlacedEvent[] = [];
      let from = rest.from;
      let last = rest.from - 1;
      for await (const { number, logs } of source.blocks(rest, CONDITION_FILTERS, signal)) {
        for (let log = 0; log < logs.count; log++) {
          events.push({ block: number, event: decodeConditionEvent(logs, log) });
        }
        last = number;
        const isFull = events.length >= PART_LOGS || number - from >= PART_BLOCKS;
        if (!isFull || number >= rest.to) continue;
        yield partOf(events, { from: number + 1, to: rest.to });
        events = [];
        from = number + 1;
      }
      if (last !== rest.to) {
        throw failed('transient', 'bad_page', `blocks ${last + 1} to ${rest.to} were not answered`);
      }
      yield partOf(events, null);
    },
    close: () => source.close(),
  };
}

function partOf(events: readonly PlacedEvent[], rest: BlockRange | null): Part<ConditionBatch, BlockRange> {
  return {
    rest,
    rows: events.length,
    append(batch) {
      for (const event of events) batch.lines.push(lineOf(event));
      return [];
    },
  };
}

export function conditionsSink(target: Pick<Target, 'insertBody' | 'close'>, batchRows: number): Sink<ConditionBatch> {
  return {
    batchRows,
    newBatch: () => new ConditionBatch(),
    insert: ({ lines }) =>
      target.insertBody(loadSql('conditions/insert-condition-logs'), `${lines.join('\n')}\n`, {
        purpose: `writing ${lines.length} logs of conditions`,
      }),
    close: () => target.close(),
  };
}
