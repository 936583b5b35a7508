/**
 * A real EVM node for tests: anvil's binary from its platform package, on a free port, with chain id 137; and the logs
 * of a simulated universe replayed into it, emitted by real contracts at the real addresses.
 */
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { createRequire } from 'node:module';
import type { AddressInfo } from 'node:net';
import { createServer } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';

import { EMITTERS, EVENTS } from '../../src/simulator/chain/contracts.js';
import { LogSheet } from '../../src/simulator/chain/log-sheet.js';
import type { ChainUniverse } from '../../src/simulator/chain/universe.js';
import { EVERYTHING } from '../../src/simulator/chain/wanted.js';
import { hexOf } from '../../src/simulator/chain/words.js';

/**
 * Emits one log: calldata is the number of topics (1 to 4) as a word, the topics, then the data.
 * It pushes four topics in any case; LOG1 to LOG3 leave the ones behind theirs on the stack.
 *
 *   topics   6080 35 6060 35 6040 35 6020 35
 *   data     6000 35 6001 01 6005 1b (its offset, 32 × (n + 1)) 80 36 03 (its size) 80 91 6000 37 6000
 *   log      6000 35 (n) 80 6001 14 603a 57 80 6002 14 603e 57 80 6003 14 6042 57 50 a4 00 · 3a 5b 50 a1 00 · …
 */
const EMIT =
  '0x60803560603560403560203560003560010160051b8036038091600037600060003580600114603a57' +
  '80600214603e578060031460425750a4005b50a1005b50a2005b50a300';

/**
 * Calls contracts one after the other: calldata is records of address, length (a word each) and that much calldata.
 *
 *   00 6000 5b 36 81 10 600a 57 00 · 0a 5b 80 6020 01 35 (length) 80 82 6040 01 6000 37
 *   18 6000 6000 82 6000 6000 86 35 (address) 5a f1 602c 57 6000 80 fd · 2c 5b 01 6040 01 6002 56
 */
const DISPATCH =
  '0x60005b368110600a57005b8060200135808260400160003760006000826000600086355af1602c57600080fd5b01604001600256';
const DISPATCHER = '0x00000000000000000000000000000000d15a7c40';
/** The first of the accounts that anvil makes and unlocks. */
const SENDER = '0xf39fd6e51aad88f6f4ce6ab8827279cfffb92266';
const CHAIN_ID = 137;
const START_DEADLINE_MS = 20_000;
const GAS = '0x1000000';

interface Call {
  readonly method: string;
  readonly params: readonly unknown[];
}

export class Anvil {
  #nextId = 1;

  constructor(
    readonly url: string,
    readonly child: ChildProcess,
  ) {}

  async call<T>(method: string, ...params: readonly unknown[]): Promise<T> {
    const [result] = await this.batch<T>([{ method, params }]);
    return result as T;
  }

  /** Results in the order of the calls; the first error is thrown. */
  async batch<T>(calls: readonly Call[]): Promise<T[]> {
    const asked = calls.map((call) => ({ jsonrpc: '2.0', id: this.#nextId++, ...call }));
    const response = await fetch(this.url, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify(asked),
    });
    const answers = (await response.json()) as { id: number; result?: T; error?: { message: string } }[];
    const byId = new Map(answers.map((answer) => [answer.id, answer]));
    return asked.map(({ id, method }) => {
      const answer = byId.get(id);
      if (!answer || answer.error) throw new Error(`anvil: ${method}: ${answer?.error?.message ?? 'no answer'}`);
      return answer.result as T;
    });
  }

  async stop(): Promise<void> {
    if (this.child.exitCode !== null || this.child.signalCode !== null) return;
    const ended = once(this.child, 'exit');
    this.child.kill('SIGKILL');
    await ended;
  }
}

/** Starts at the given block and time, so that what is mined next follows on them. Mines only when told. */
export async function startAnvil(genesis: { readonly block: number; readonly time: number }): Promise<Anvil> {
  const port = await freePort();
  const child = spawn(
    binary(),
    [
      ...[
        '--port',
        `${port}`,
        '--chain-id',
        `${CHAIN_ID}`,
        '--number',
        `${genesis.block}`,
        '--timestamp',
        `${genesis.time}`,
      ],
      ...['--no-mining', '--order', 'fifo', '--block-base-fee-per-gas', '0', '--gas-price', '0'],
      // Finality lags two blocks behind the head.
      ...['--disable-block-gas-limit', '--slots-in-an-epoch', '1', '--no-request-size-limit', '--quiet'],
    ],
    { stdio: ['ignore', 'ignore', 'pipe'] },
  );
  let complaint = '';
  child.stderr?.on('data', (piece: Buffer) => {
    complaint += piece.toString('utf8');
  });
  const anvil = new Anvil(`http://127.0.0.1:${port}`, child);
  const deadline = Date.now() + START_DEADLINE_MS;
  for (;;) {
    const up = await anvil.call<string>('eth_chainId').catch(() => undefined);
    if (up !== undefined) return anvil;
    if (child.exitCode !== null || Date.now() > deadline) {
      await anvil.stop();
      throw new Error(`anvil did not start: ${complaint || 'it gave no reason'}`);
    }
    await sleep(20);
  }
}

/**
 * Mines the universe's blocks, both ends included, one real block for each with its number, time, transactions and logs.
 * Log indexes are the same too: foreign logs fill the gaps. Hashes are the node's own: returns its transaction for
 * each of the universe's.
 */
export async function replay(
  anvil: Anvil,
  universe: ChainUniverse,
  from: number,
  to: number,
): Promise<Map<string, string>> {
  await anvil.batch([
    ...EMITTERS.map(({ address }) => ({ method: 'anvil_setCode', params: [address, EMIT] })),
    { method: 'anvil_setCode', params: [DISPATCHER, DISPATCH] },
  ]);
  const hashes = new Map<string, string>();
  const sheet = new LogSheet();
  let nonce = Number(await anvil.call<string>('eth_getTransactionCount', SENDER, 'latest'));
  for (let block = from; block <= to; block++) {
    universe.write(block, sheet, EVERYTHING);
    const calls = transactionsOf(sheet).map((data) => ({
      method: 'eth_sendTransaction',
      params: [{ from: SENDER, to: DISPATCHER, data, gas: GAS, gasPrice: '0x0', nonce: `0x${(nonce++).toString(16)}` }],
    }));
    const sent = calls.length > 0 ? await anvil.batch<string>(calls) : [];
    for (const [tx, hash] of sent.entries()) hashes.set(hexOf(sheet.txHash, tx * 8, 8), hash);
    await anvil.call('evm_setNextBlockTimestamp', universe.timeOf(block));
    await anvil.call('evm_mine');
  }
  const mined = Number(await anvil.call<string>('eth_blockNumber'));
  if (mined !== to) throw new Error(`anvil stands at block ${mined}, not at ${to}`);
  return hashes;
}

/** Calldata for the dispatcher, one a transaction of the sheet. */
function transactionsOf(sheet: LogSheet): string[] {
  const records: string[] = Array(sheet.txCount).fill('');
  let nextLogIndex = 0;
  for (let i = 0; i < sheet.count; i++) {
    const tx = sheet.tx[i] as number;
    let text = '';
    for (; nextLogIndex < (sheet.logIndex[i] as number); nextLogIndex++) text += FOREIGN_RECORD;
    nextLogIndex++;
    const start = sheet.start[i] as number;
    const words = hexOf(sheet.words, start, (sheet.start[i + 1] as number) - start).slice(2);
    const topic0 = EVENTS[sheet.event[i] as number]?.topic0.slice(2);
    text += recordOf(
      EMITTERS[sheet.emitter[i] as number]?.address as string,
      sheet.topics[i] as number,
      `${topic0}${words}`,
    );
    records[tx] += text;
  }
  return records.map((text) => `0x${text}`);
}

function recordOf(address: string, topics: number, topicsAndData: string): string {
  const payload = word(topics) + topicsAndData;
  return address.slice(2).padStart(64, '0') + word(payload.length / 2) + payload;
}

function word(value: number): string {
  return value.toString(16).padStart(64, '0');
}

const FOREIGN_RECORD = recordOf(EMITTERS[EMITTERS.length - 1]?.address as string, 1, 'ff'.repeat(32));

function binary(): string {
  const arch = process.arch === 'x64' ? 'amd64' : process.arch;
  const name = process.platform === 'win32' ? 'anvil.exe' : 'anvil';
  return createRequire(import.meta.url).resolve(`@foundry-rs/anvil-${process.platform}-${arch}/bin/${name}`);
}

async function freePort(): Promise<number> {
  const server = createServer();
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  server.close();
  await once(server, 'close');
  return port;
}
