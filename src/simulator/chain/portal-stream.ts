/** One answer of the portal: a line a block with matches, and the first and last block of what was covered. */
import { setImmediate as breathe } from 'node:timers/promises';
import type { BlockScan } from './block-scan.js';
import { LogBytes } from './log-bytes.js';
import type { BlockField, PortalQuery } from './portal-query.js';
import type { ChainSource } from './source.js';

const FLUSH_BYTES = 1 << 17;
/** Empty blocks looked at before others get a turn. */
const BREATHE_BLOCKS = 4_096;

export interface StreamLimits {
  /** The last block to cover. */
  readonly toBlock: number;
  /** Ends after the line that goes beyond. */
  readonly maxBytes: number;
  /** Blocks of a stored chunk; each chunk's last block has a line. */
  readonly chunkBlocks: number;
  /** Ends after so many lines; with `cut` in the middle of the next one. */
  readonly maxLines: number;
  readonly cut: boolean;
  /** Blocks below have lines only where the rules want one, and no logs. */
  readonly silentBelow: number;
}

export interface Streamed {
  logs: number;
  lines: number;
  /** Undefined when the end of the range was reached. */
  endedEarlyAt: number | undefined;
}

/** Hands on pieces of the answer; `emit` resolves when more may come, false to stop. */
export async function streamBlocks(
  query: PortalQuery,
  limits: StreamLimits,
  scan: BlockScan,
  emit: (piece: Buffer) => Promise<boolean>,
): Promise<Streamed> {
  const { source } = scan;
  const out = new LogBytes(FLUSH_BYTES + (1 << 16));
  const done: Streamed = { logs: 0, lines: 0, endedEarlyAt: undefined };
  let bytes = 0;
  let looked = 0;
  let block = query.fromBlock;
  while (block <= limits.toBlock) {
    const isBoundary = block === query.fromBlock || block === limits.toBlock || (block + 1) % limits.chunkBlocks === 0;
    const hole = scan.lies?.losesBlock(block) ?? false;
    const silent = block < limits.silentBelow;
    if (hole || silent) scan.kept.length = 0;
    else scan.read(block);
    const { length } = scan.kept;
    if (length > 0 || isBoundary || (query.includeAllBlocks && !hole && !silent)) {
      const times = scan.lies?.duplicates(block) ? 2 : 1;
      for (let n = 0; n < times; n++) {
        const from = out.length;
        writeLine(query, block, scan, source, out);
        if (done.lines >= limits.maxLines) {
          if (limits.cut) out.length = from + Math.floor((out.length - from) / 2);
          else out.length = from;
          done.endedEarlyAt = block;
          await emit(out.take());
          return done;
        }
        done.lines++;
        done.logs += length;
        bytes += out.length - from;
      }
      if (bytes >= limits.maxBytes && block < limits.toBlock) {
        done.endedEarlyAt = block;
        await emit(out.take());
        return done;
      }
      if (out.length >= FLUSH_BYTES && !(await emit(out.take()))) return done;
    }
    block = nextBlock(block, query, limits, scan);
    if (++looked % BREATHE_BLOCKS === 0) await breathe();
  }
  // A cut that no line reached strikes the last one.
  if (limits.cut && out.length > 0) out.length -= Math.min(out.length, 40);
  if (out.length > 0) await emit(out.take());
  return done;
}

/** The next block that may have a line. */
function nextBlock(block: number, query: PortalQuery, limits: StreamLimits, scan: BlockScan): number {
  if (query.includeAllBlocks) return block + 1;
  const boundary = Math.min(limits.toBlock, nextChunkEnd(block + 1, limits.chunkBlocks));
  const next = Math.min(boundary, scan.next(block + 1, limits.toBlock));
  return block >= limits.toBlock ? block + 1 : next;
}

function nextChunkEnd(block: number, chunkBlocks: number): number {
  return chunkBlocks === Number.POSITIVE_INFINITY
    ? chunkBlocks
    : Math.ceil((block + 1) / chunkBlocks) * chunkBlocks - 1;
}

function writeLine(query: PortalQuery, block: number, scan: BlockScan, source: ChainSource, out: LogBytes): void {
  let header = '';
  for (const field of query.blockFields) {
    header += `${header === '' ? '' : ','}"${field}":${headerValue(field, block, source)}`;
  }
  out.text(`{"header":{${header}}`);
  // A query without log requests gets no list of them.
  if (query.filters.length > 0) {
    out.text(',"logs":[');
    for (const [n, i] of scan.kept.entries()) {
      if (n > 0) out.text(',');
      out.portalLog(scan.sheet, i, query.logFields);
    }
    out.text(']');
  }
  out.text('}\n');
}

function headerValue(field: BlockField, block: number, source: ChainSource): string {
  switch (field) {
    case 'number':
      return String(block);
    case 'hash':
      return `"${source.blockHash(block)}"`;
    case 'parentHash':
      return `"${source.blockHash(block - 1)}"`;
    case 'timestamp':
      return String(source.timeOf(block));
  }
}
