import { FailureError, failureOf } from '../../../core/failure.js';
import type { Part, Reader, RejectedRow } from '../../../engine/ports.js';
import type { HostRate } from '../../../net/host-rate.js';
import type { SourceClient } from '../../../sources/subgraph/client.js';
import type { FillBatch } from '../fill-batch.js';
import { encodeFillAt } from '../fill-encoder.js';
import type { Segment } from '../plan/segment.js';
import { takeLanes } from '../plan/segments.js';
import type { FillTexts } from './fill-texts.js';
import type { LanePage } from './page.js';

/** Asks for the next page of each lane. Throws FailureError. */
export type FetchPage = (
  lanes: readonly Segment[],
  how: { readonly block: number | null; readonly pageRows: number },
) => Promise<readonly LanePage[]>;

/**
 * Reads a chunk's segments to the end, two lanes a request: `rest` is what each segment still holds, `size` the rows of a page,
 * `pin` the block. Pages are asked for one after the other, so a slot holds one of them.
 */
export function subgraphReader(
  client: Pick<SourceClient, 'close'>,
  rate: Pick<HostRate, 'acquire'>,
  fetch: FetchPage,
): Reader<FillBatch, readonly Segment[]> {
  return {
    async *read(rest, { ordinal, pin, size, signal }) {
      let queue = [...rest];
      while (queue.length > 0) {
        if (signal.aborted) throw stopped();
        await rate.acquire(signal, ordinal).catch((error: unknown) => {
          throw signal.aborted ? stopped() : error;
        });
        const lanes = takeLanes(queue, size);
        const pages = await fetch(lanes, { block: pin, pageRows: size });
        // Each lane gives way to its rest once its page is appended.
        const left: (readonly Segment[])[] = lanes.map((lane) => [lane]);
        for (const [lane, page] of pages.entries()) {
          left[lane] = page.next;
          yield partOf(page, [...left.flat(), ...queue]);
        }
        queue = [...left.flat(), ...queue];
      }
    },
    close: () => client.close(),
  };
}

function partOf({ rows, malformed }: LanePage, left: readonly Segment[]): Part<FillBatch, readonly Segment[]> {
  return {
    rest: left.length === 0 ? null : left,
    rows: rows.length,
    append: (batch) => encodeAll(rows, batch, malformed),
  };
}

function encodeAll(rows: FillTexts, batch: FillBatch, malformed: readonly RejectedRow[]): readonly RejectedRow[] {
  let rejected: RejectedRow[] | null = null;
  for (let at = 0; at < rows.length; at++) {
    const reason = encodeFillAt(rows, at, batch);
    if (reason === null) continue;
    rejected ??= [...malformed];
    rejected.push({ reason, row: rows.row(at) });
  }
  return rejected ?? malformed;
}

function stopped(): FailureError {
  return new FailureError(failureOf('transient', 'stopped', 'the run was asked to stop'));
}
