/** eth_getLogs: a range read against a provider's limits. */
import { setImmediate as breathe } from 'node:timers/promises';

import type { BlockScan } from './block-scan.js';
import { LogBytes } from './log-bytes.js';
import type { Refusal, RpcProfile } from './rpc-profiles.js';

const BREATHE_BLOCKS = 256;

export interface RpcLogs {
  readonly json: Buffer;
  readonly logs: number;
}

/** The list of logs as JSON, or what the provider says instead. */
export async function readLogs(
  scan: BlockScan,
  from: number,
  to: number,
  profile: RpcProfile,
  blockTimestamp: boolean,
): Promise<RpcLogs | { readonly refusal: Refusal }> {
  const blocks = to - from + 1;
  if (profile.maxBlocks !== undefined && blocks > profile.maxBlocks) {
    return { refusal: profile.says({ from, to, blocks, fits: from + profile.maxBlocks - 1 }) };
  }
  const begin = profile.cutsTo === undefined ? from : Math.max(from, to - profile.cutsTo + 1);
  const out = new LogBytes();
  out.text('[');
  let logs = 0;
  let looked = 0;
  for (let block = scan.next(begin, to); block <= to; block = scan.next(block + 1, to)) {
    if (!(scan.lies?.losesBlock(block) ?? false)) {
      scan.read(block);
      const times = scan.lies?.duplicates(block) ? 2 : 1;
      for (let n = 0; n < times && scan.kept.length > 0; n++) {
        const part = blockPart(scan, block, blockTimestamp);
        for (const i of scan.kept) {
          if (logs++ > 0) out.text(',');
          out.rpcLog(scan.sheet, i, part);
        }
      }
      const tooMany = logs > (profile.maxResults ?? Number.POSITIVE_INFINITY);
      if (tooMany || out.length > (profile.maxBytes ?? Number.POSITIVE_INFINITY)) {
        return { refusal: profile.says({ from, to, blocks, fits: Math.max(from, block - 1) }) };
      }
    }
    if (++looked % BREATHE_BLOCKS === 0) await breathe();
  }
  out.text(']');
  return { json: out.take(), logs };
}

/** What all logs of a block share, as JSON members. */
export function blockPart(scan: BlockScan, block: number, blockTimestamp: boolean): Buffer {
  const { source } = scan;
  const time = blockTimestamp ? `,"blockTimestamp":"0x${source.timeOf(block).toString(16)}"` : '';
  return Buffer.from(`"blockNumber":"0x${block.toString(16)}","blockHash":"${source.blockHash(block)}"${time}`);
}
