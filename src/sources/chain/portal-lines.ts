/**
 * Lines of the portal's answer, one block each: `{"header":{number,hash,parentHash,timestamp},"logs":[…]}`. Lines that look as
 * they always do are read without JSON.parse, every other one is parsed and checked by zod.
 */
import { z } from 'zod';
import { failed } from '../../core/failure.js';
import { isHex, viewOf, WORD_DIGITS } from './hex.js';
import { assertAscending, type ChainBlock, LOG, Logs, STRIDE, writeLogs } from './logs.js';
import { behind, byteAt, type Fields, learnForm, type PlainForm, readObject, take } from './plain-form.js';

const COMMA = 0x2c;
const OPEN_LIST = 0x5b;
const CLOSE_LIST = 0x5d;
const CLOSE = 0x7d;
const HEADER_OPENING = viewOf(Buffer.from('{"header":'));
const LOGS_OPENING = viewOf(Buffer.from(',"logs":'));

/** Places of a header's values. */
const HEADER = { number: 0, hash: 1, parentHash: 2, timestamp: 3 } as const;

const HEADER_FIELDS: Fields = {
  number: { form: 'decimal', place: HEADER.number },
  hash: { form: 'hex', place: HEADER.hash, digits: WORD_DIGITS },
  parentHash: { form: 'hex', place: HEADER.parentHash, digits: WORD_DIGITS },
  timestamp: { form: 'decimal', place: HEADER.timestamp },
};
const LOG_FIELDS: Fields = {
  address: { form: 'hex', place: LOG.address, digits: 40 },
  topics: { form: 'topics' },
  data: { form: 'data' },
  transactionHash: { form: 'hex', place: LOG.transactionHash, digits: WORD_DIGITS },
  transactionIndex: { form: 'decimal', place: LOG.transactionIndex },
  logIndex: { form: 'decimal', place: LOG.logIndex },
};

const MAX_INT32 = 0x7fff_ffff;
const hash = z.string().regex(/^0x[0-9a-f]{64}$/);
const int32 = z.int().min(0).max(MAX_INT32);
const lineSchema = z.object({
  header: z.object({ number: int32, hash, parentHash: hash, timestamp: int32 }),
  logs: z
    .array(
      z.object({
        address: z.string().regex(/^0x[0-9a-f]{40}$/),
        topics: z.array(hash).max(4),
        data: z.string().regex(/^0x(?:[0-9a-f]{2})*$/),
        transactionHash: hash,
        transactionIndex: int32,
        logIndex: int32,
      }),
    )
    .default([]),
});

/** Reads the lines of one answer after another. The block that `read` returns is good until the next call. */
export class PortalLines {
  /** Lines that took the checked way. */
  checked = 0;
  #headerForm: PlainForm | undefined;
  #logForm: PlainForm | undefined;
  readonly #header = new Int32Array(Object.keys(HEADER).length);
  readonly #logs = new Logs();

  /** The block of one line, without its line feed. Throws FailureError `bad_response` when it is none. */
  read(line: Uint8Array): ChainBlock {
    let block = this.#readPlain(viewOf(line));
    if (block === undefined) {
      // Perhaps the portal writes otherwise from here on: the next line shows how.
      this.#headerForm = undefined;
      this.#logForm = undefined;
      block = this.#readChecked(line);
    }
    assertAscending(block.logs, block.number);
    return block;
  }

  #readPlain(line: DataView): ChainBlock | undefined {
    let at = behind(line, 0, HEADER_OPENING);
    if (at < 0) return undefined;
    this.#headerForm ??= learnForm(line, at, HEADER_FIELDS);
    if (this.#headerForm === undefined) return undefined;
    const header = this.#header;
    at = readObject(this.#headerForm, line, at, header, 0);
    if (at < 0) return undefined;
    const logs = this.#logs;
    logs.reset(line);
    const logsAt = behind(line, at, LOGS_OPENING);
    if (logsAt >= 0) {
      at = this.#readLogs(line, logsAt);
      if (at < 0) return undefined;
    }
    at = take(line, at, CLOSE);
    if (at < 0 || at !== line.byteLength) return undefined;
    const [hashAt, parentAt] = [header[HEADER.hash] as number, header[HEADER.parentHash] as number];
    if (!isHex(line, hashAt, WORD_DIGITS) || !isHex(line, parentAt, WORD_DIGITS)) return undefined;
    return {
      number: header[HEADER.number] as number,
      hash: logs.hex(hashAt, WORD_DIGITS),
      parentHash: logs.hex(parentAt, WORD_DIGITS),
      timestamp: header[HEADER.timestamp] as number,
      logs,
    };
  }

  /** The position behind the list, or −1. */
  #readLogs(line: DataView, from: number): number {
    const logs = this.#logs;
    let at = take(line, from, OPEN_LIST);
    if (at < 0) return -1;
    const end = take(line, at, CLOSE_LIST);
    if (end >= 0) return end;
    this.#logForm ??= learnForm(line, at, LOG_FIELDS);
    if (this.#logForm === undefined) return -1;
    for (;;) {
      at = readObject(this.#logForm, line, at, logs.ensureRoom(), logs.count * STRIDE);
      if (at < 0) return -1;
      logs.count++;
      if (byteAt(line, at) !== COMMA) return take(line, at, CLOSE_LIST);
      at++;
    }
  }

  #readChecked(line: Uint8Array): ChainBlock {
    this.checked++;
    const { header, logs } = parseLine(line);
    writeLogs(this.#logs, logs);
    return { ...header, logs: this.#logs };
  }
}

function parseLine(line: Uint8Array): z.infer<typeof lineSchema> {
  const text = Buffer.from(line.buffer, line.byteOffset, line.length).toString('utf8');
  let json: unknown;
  try {
    json = JSON.parse(text);
  } catch {
    throw failed('transient', 'bad_response', `a line of the portal is not JSON: "${text.slice(0, 120)}"`);
  }
  const parsed = lineSchema.safeParse(json);
  if (parsed.success) return parsed.data;
  const issue = parsed.error.issues[0];
  throw failed(
    'transient',
    'bad_response',
    `a line of the portal has an unexpected ${issue?.path.join('.') || 'shape'} (${issue?.message}): "${text.slice(0, 120)}"`,
  );
}

const LINE_FEED = 0x0a;

/** Cuts a stream of chunks into lines. A line handed out is good until the next chunk is pushed. */
export class LineSplitter {
  #carry = Buffer.allocUnsafe(1 << 16);
  #carried = 0;

  constructor(private readonly maxLineBytes: number) {}

  /** Lines that end in this chunk, without their line feeds. Empty ones are left out. */
  *push(chunk: Buffer): Generator<Buffer> {
    let from = 0;
    for (;;) {
      const end = chunk.indexOf(LINE_FEED, from);
      if (end < 0) break;
      const line = this.#carried > 0 ? this.#joined(chunk, from, end) : chunk.subarray(from, end);
      from = end + 1;
      if (line.length > 0) yield line;
    }
    this.#keep(chunk, from, chunk.length);
  }

  /** What stands behind the last line feed. */
  rest(): Buffer {
    return this.#carry.subarray(0, this.#carried);
  }

  #joined(chunk: Buffer, from: number, to: number): Buffer {
    this.#keep(chunk, from, to);
    const line = this.rest();
    this.#carried = 0;
    return line;
  }

  #keep(chunk: Buffer, from: number, to: number): void {
    const need = this.#carried + to - from;
    if (need > this.maxLineBytes) {
      throw failed('transient', 'bad_response', `a line of the portal is longer than ${this.maxLineBytes} bytes`);
    }
    if (need > this.#carry.length) {
      const larger = Buffer.allocUnsafe(Math.max(need, 2 * this.#carry.length));
      this.#carry.copy(larger, 0, 0, this.#carried);
      this.#carry = larger;
    }
    chunk.copy(this.#carry, this.#carried, from, to);
    this.#carried = need;
  }
}
