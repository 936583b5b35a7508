/** Which blocks' logs of conditions are loaded is kept in the target, beside them: a load goes on where the last one ended. */
import { loadSql } from '../../../clickhouse/sql.js';
import type { Target } from '../../../clickhouse/target.js';
import type { LoadStore } from '../../../engine/load.js';
import type { Unit, UnitFailed, Units } from '../../../engine/ports.js';
import { difference, type IntervalSet } from '../../../run/intervals.js';
import { type BlockRange, blocksIn } from '../../../sources/chain/provider-words.js';

/** Blocks of a unit: some minutes of a portal's stream where blocks are empty, seconds of work to repeat. */
const UNIT_BLOCKS = 50_000;

/** Loaded blocks as half-open intervals. */
export async function coveredBlocks(target: Target): Promise<IntervalSet> {
  const rows = await target.query<{ from_block: number; to_block: string }>(loadSql('conditions/covered-blocks'), {
    purpose: 'reading which blocks are loaded',
  });
  return rows.map(({ from_block, to_block }) => [from_block, Number(to_block)] as const);
}

/** What of the range is not loaded yet, in units. */
export function unitsOf(range: BlockRange, covered: IntervalSet, unitBlocks = UNIT_BLOCKS): readonly BlockRange[] {
  const ranges: BlockRange[] = [];
  for (const [from, to] of difference([[range.from, range.to + 1]], covered)) {
    for (let at = from; at < to; at += unitBlocks) ranges.push({ from: at, to: Math.min(to, at + unitBlocks) - 1 });
  }
  return ranges;
}

export function asUnits(ranges: readonly BlockRange[]): Units {
  return {
    count: ranges.length,
    expectedRows: null,
    at(ordinal): Unit<BlockRange> {
      const range = ranges[ordinal];
      if (range === undefined) throw new RangeError(`the plan has no range ${ordinal}`);
      return { name: `${range.from}-${range.to}`, expectedRows: null, rest: range };
    },
  };
}

interface RangeRow extends Record<string, unknown> {
  readonly first_block: number;
  readonly last_block: number;
  readonly source: string;
  readonly logs: number;
}

/**
 * A run store in `condition_ranges`: every range is claimed by this process, and recorded soon after its logs are acknowledged. What was
 * not recorded when the process ended is loaded again, which changes nothing.
 */
export class RangeStore implements LoadStore {
  readonly rowsBefore = 0;
  readonly failures: UnitFailed[] = [];
  logs = 0;
  blocks = 0;
  #pending: RangeRow[] = [];
  #writing: Promise<void> | null = null;
  #broken: { readonly error: unknown } | null = null;

  constructor(
    private readonly target: Target,
    private readonly ranges: readonly BlockRange[],
    private readonly source: 'portal' | 'rpc',
  ) {}

  claim(): Iterable<number> {
    return this.ranges.keys();
  }

  pin(): null {
    return null;
  }

  unpinned(): void {
    throw new Error('blocks that are final are read without a pin');
  }

  done({ ordinal, rows }: { readonly ordinal: number; readonly rows: number }): void {
    const range = this.ranges[ordinal] as BlockRange;
    this.#pending.push({ first_block: range.from, last_block: range.to, source: this.source, logs: rows });
    this.logs += rows;
    this.blocks += blocksIn(range);
  }

  failed(unit: UnitFailed): void {
    this.failures.push(unit);
  }

  /** Throws what writing has thrown since. */
  figures(): void {
    if (this.#broken !== null) throw this.#broken.error;
    if (this.#writing !== null || this.#pending.length === 0) return;
    this.#writing = this.#write()
      .catch((error: unknown) => {
        this.#broken = { error };
      })
      .finally(() => {
        this.#writing = null;
      });
  }

  /** `flush` comes after: a table is not written to in one turn. */
  close(): void {}

  /** Records what is not recorded yet. Throws FailureError. */
  async flush(): Promise<void> {
    await this.#writing;
    if (this.#broken !== null) throw this.#broken.error;
    await this.#write();
  }

  async #write(): Promise<void> {
    const rows = this.#pending;
    this.#pending = [];
    if (rows.length === 0) return;
    await this.target.insertRows('condition_ranges', rows, { purpose: 'recording the blocks that are loaded' });
  }
}
