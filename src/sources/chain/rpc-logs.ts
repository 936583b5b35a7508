/**
 * The answer to eth_getLogs as blocks of logs. The list is read where it stands, log by log; an answer that does not look as
 * it always does is parsed and checked by zod.
 */
import { z } from 'zod';
import { failed } from '../../core/failure.js';
import { malformedLog } from './exchange-events.js';
import { isHex, sameDigits, viewOf, WORD_DIGITS } from './hex.js';
import { ABSENT, assertAscending, LOG, Logs, type RpcLogText, STRIDE, writeLogs } from './logs.js';
import { byteAt, type Fields, learnForm, type PlainForm, readObject, take } from './plain-form.js';

const COMMA = 0x2c;
const OPEN_LIST = 0x5b;
const CLOSE_LIST = 0x5d;

const FIELDS: Fields = {
  address: { form: 'hex', place: LOG.address, digits: 40 },
  topics: { form: 'topics' },
  data: { form: 'data' },
  blockNumber: { form: 'quantity', place: LOG.blockNumber },
  blockHash: { form: 'hex', place: LOG.blockHash, digits: WORD_DIGITS },
  transactionHash: { form: 'hex', place: LOG.transactionHash, digits: WORD_DIGITS },
  transactionIndex: { form: 'quantity', place: LOG.transactionIndex },
  logIndex: { form: 'quantity', place: LOG.logIndex },
};
const OPTIONAL_FIELDS: Fields = {
  blockTimestamp: { form: 'quantity', place: LOG.blockTimestamp },
  removed: { form: 'false' },
};

const hash = z.string().regex(/^0x[0-9a-f]{64}$/);
const quantity = z
  .string()
  .regex(/^0x[0-9a-f]{1,16}$/)
  .transform(Number)
  .pipe(z.int().max(0x7fff_ffff));
const logsSchema = z.array(
  z.object({
    address: z.string().regex(/^0x[0-9a-f]{40}$/),
    topics: z.array(hash).max(4),
    data: z.string().regex(/^0x(?:[0-9a-f]{2})*$/),
    blockNumber: quantity,
    blockHash: hash,
    blockTimestamp: quantity.nullish().transform((value) => value ?? null),
    transactionHash: hash,
    transactionIndex: quantity,
    logIndex: quantity,
    removed: z.boolean().default(false),
  }),
);

/** What the logs of one block say of it. */
export interface RpcBlockLogs {
  readonly number: number;
  readonly hash: string;
  /** Seconds; null where the provider does not say. */
  readonly timestamp: number | null;
  /** In the order of their log index, each once. */
  readonly logs: Logs;
}

/** Reads the lists of one answer after another. */
export class RpcLogs {
  /** Answers that took the checked way. */
  checked = 0;
  #form: PlainForm | undefined;

  /**
   * The blocks of the list, in order, for a request of `from` to `to`. Throws FailureError: `bad_response` when it is no list of
   * logs, `bad_page` for logs outside the range, out of order or doubled, `reorganized` for one that was removed.
   */
  read(list: Uint8Array, from: number, to: number): RpcBlockLogs[] {
    const logs = this.#readPlain(viewOf(list)) ?? this.#readChecked(list);
    const blocks: RpcBlockLogs[] = [];
    let block = -1;
    for (let first = 0; first < logs.count; ) {
      const number = logs.get(first, LOG.blockNumber);
      if (number < from || number > to || number <= block) {
        const after = block < 0 ? '' : `, after ${block}`;
        throw failed('transient', 'bad_page', `block ${number} was answered to a request for ${from} to ${to}${after}`);
      }
      block = number;
      let end = first + 1;
      while (end < logs.count && logs.get(end, LOG.blockNumber) === number) end++;
      blocks.push(blockOf(logs.slice(first, end), number));
      first = end;
    }
    return blocks;
  }

  #readPlain(list: DataView): Logs | undefined {
    const logs = new Logs();
    logs.reset(list);
    const start = take(list, 0, OPEN_LIST);
    if (start < 0) return undefined;
    if (take(list, start, CLOSE_LIST) === list.byteLength) return logs;
    // Another provider may write otherwise: the first log shows it.
    let form = this.#form;
    if (form === undefined || readLog(form, list, start, logs) < 0)
      form = learnForm(list, start, FIELDS, OPTIONAL_FIELDS);
    if (form === undefined) return undefined;
    this.#form = form;
    for (let at = start; ; at++) {
      at = readLog(form, list, at, logs);
      if (at < 0) return undefined;
      logs.count++;
      if (byteAt(list, at) !== COMMA) return take(list, at, CLOSE_LIST) === list.byteLength ? logs : undefined;
    }
  }

  #readChecked(list: Uint8Array): Logs {
    this.checked++;
    const text = Buffer.from(list.buffer, list.byteOffset, list.length).toString('utf8');
    let json: unknown;
    try {
      json = JSON.parse(text);
    } catch {
      throw failed('transient', 'bad_response', `the answer to eth_getLogs is not JSON: "${text.slice(0, 120)}"`);
    }
    const parsed = logsSchema.safeParse(json);
    if (!parsed.success) {
      const issue = parsed.error.issues[0];
      const where = issue?.path.join('.') || 'shape';
      throw failed(
        'transient',
        'bad_response',
        `the answer to eth_getLogs has an unexpected ${where} (${issue?.message}): "${text.slice(0, 120)}"`,
      );
    }
    const logs = new Logs();
    writeLogs(logs, parsed.data satisfies readonly RpcLogText[]);
    return logs;
  }
}

function blockOf(logs: Logs, number: number): RpcBlockLogs {
  const hashAt = logs.get(0, LOG.blockHash);
  const timestamp = logs.get(0, LOG.blockTimestamp);
  assertAscending(logs, number);
  for (let i = 0; i < logs.count; i++) {
    const isSame =
      logs.get(i, LOG.blockTimestamp) === timestamp &&
      sameDigits(logs.text, logs.get(i, LOG.blockHash), logs.text, hashAt, WORD_DIGITS);
    if (!isSame) throw failed('transient', 'reorganized', `logs of block ${number} name two hashes or times`);
    if (logs.get(i, LOG.removed) === 1) {
      throw failed('transient', 'reorganized', `a log of block ${number} was removed by a reorganization`);
    }
  }
  if (!isHex(logs.text, hashAt, WORD_DIGITS)) throw malformedLog(logs, 0);
  return { number, hash: logs.hex(hashAt, WORD_DIGITS), timestamp: timestamp === ABSENT ? null : timestamp, logs };
}

/** Reads one log behind those of the table; `count++` keeps it. */
function readLog(form: PlainForm, list: DataView, at: number, logs: Logs): number {
  const room = logs.ensureRoom();
  const to = logs.count * STRIDE;
  room[to + LOG.blockTimestamp] = ABSENT;
  room[to + LOG.removed] = 0;
  return readObject(form, list, at, room, to);
}
