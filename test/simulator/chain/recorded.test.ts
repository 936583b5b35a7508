import { readFileSync } from 'node:fs';
import { afterAll, beforeAll, expect, it } from 'vitest';

import { RecordedChain, type RecordedLog } from '../../../src/simulator/chain/recorded.js';
import { type ServedChain, serveChain } from '../../../src/simulator/chain/start.js';
import { decodedFill, hex, logsOf, plainOf, portalLines, portalQuery, type RpcLog, rpc } from './read.js';

/** Real logs; two of them were kept without their log index and cannot be placed. */
const logs = readFileSync(new URL('fixtures/recorded_logs.ndjson', import.meta.url), 'utf8')
  .trim()
  .split('\n')
  .map((line) => JSON.parse(line) as Partial<RecordedLog>)
  .filter((log): log is RecordedLog => log.logIndex !== undefined);

let chain: ServedChain;
beforeAll(async () => {
  chain = await serveChain(new RecordedChain(logs), { finalityLag: 0 });
});
afterAll(() => chain.close());

const byPlace = (a: RecordedLog, b: RecordedLog) =>
  Number(a.blockNumber) - Number(b.blockNumber) || Number(a.logIndex) - Number(b.logIndex);

it('real logs come out of the portal and of the node as they went in', async () => {
  expect(logs).toHaveLength(24);
  const expected = [...logs].sort(byPlace).map((log) => plainOf({ transactionIndex: '0x0', ...log } as RpcLog));
  const last = chain.finalized();
  expect(logsOf(await portalLines(chain, portalQuery(0, last)))).toEqual(expected);
  const byRpc = await rpc<RpcLog[]>(chain, 'eth_getLogs', { fromBlock: '0x0', toBlock: hex(last) });
  expect(byRpc.map(plainOf)).toEqual(expected);
});

it('their blocks keep the hashes and times that were recorded, and chain', async () => {
  for (const { blockNumber, blockHash, blockTimestamp } of logs) {
    const number = Number(blockNumber);
    const [block, next] = await portalLines(chain, portalQuery(number, number + 1));
    if (blockHash !== undefined) expect(block?.header.hash).toBe(blockHash);
    if (blockTimestamp !== undefined) expect(block?.header.timestamp).toBe(Number(blockTimestamp));
    expect(next?.header.parentHash).toBe(block?.header.hash);
  }
});

it('a recorded fill says what its note says', async () => {
  const fills = logsOf(await portalLines(chain, portalQuery(0, chain.finalized()))).flatMap(
    (log) => decodedFill(log) ?? [],
  );
  const of = (tx: string) => fills.filter(({ txHash }) => txHash.startsWith(tx));
  // V1: BUY of 17.7 for 0.42 each, fee 1.77 shares. V2: SELL of 6 for 2.88, fee 0.104830 of the money.
  expect(of('0x31d5dca4')).toMatchObject([{ side: 'BUY', shares: 17_700_000n, usdc: 7_434_000n, fee: 1_770_000n }]);
  expect(of('0x4137856c')).toMatchObject([{ side: 'SELL', shares: 6_000_000n, usdc: 2_880_000n, fee: 104_830n }]);
});

it('a log that cannot be placed is refused by name', () => {
  const [log] = logs as [RecordedLog];
  expect(() => new RecordedChain([{ ...log, address: `0x${'12'.repeat(20)}` }])).toThrow(/address that is not known/);
  expect(() => new RecordedChain([{ ...log, topics: [`0x${'12'.repeat(32)}`] }])).toThrow(/event that is not known/);
});
