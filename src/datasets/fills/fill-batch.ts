import { encodeUInt256 } from '../../clickhouse/row-binary.js';
import { FILL_BYTES } from './table.js';

export { FILL_BYTES };

const INITIAL_ROWS = 1_000;

/**
 * Rows of one INSERT. `take` hands the bytes out and forgets them: no buffer is ever written again after it was handed out, so
 * an insert that is still being sent cannot change under way.
 */
export class FillBatch {
  #buffer: Uint8Array;
  #rows = 0;

  /** `capacityRows` is where it begins; it grows. `tokens` may be shared by all batches of a thread. */
  constructor(
    private readonly capacityRows = INITIAL_ROWS,
    readonly tokens: TokenCache = new TokenCache(),
  ) {
    this.#buffer = allocate(capacityRows);
  }

  get rows(): number {
    return this.#rows;
  }

  /** Where the next row goes in the buffer of `ensureRoom`; `commit` keeps what was written there. */
  get nextByte(): number {
    return this.#rows * FILL_BYTES;
  }

  /** The buffer with room for one more row. */
  ensureRoom(): Uint8Array {
    const need = (this.#rows + 1) * FILL_BYTES;
    if (need > this.#buffer.length) {
      const larger = allocate(Math.max(2 * this.#rows, this.capacityRows));
      larger.set(this.#buffer.subarray(0, this.#rows * FILL_BYTES));
      this.#buffer = larger;
    }
    return this.#buffer;
  }

  commit(): void {
    this.#rows++;
  }

  /** Exactly the rows so far; the batch is empty afterwards and has another buffer. */
  take(): Uint8Array {
    const bytes = this.#buffer.subarray(0, this.#rows * FILL_BYTES);
    this.#buffer = EMPTY;
    this.#rows = 0;
    return bytes;
  }
}

const EMPTY = new Uint8Array(0);

/** Not from Node's shared pool, so that it may be transferred between threads; not zeroed, as every byte is written. */
function allocate(rows: number): Uint8Array {
  return Buffer.allocUnsafeSlow(rows * FILL_BYTES);
}

/** A token's 77 digits take a microsecond to convert, and its fills come together. */
export class TokenCache {
  readonly #known = new Map<string, Uint8Array>();
  #last: string | undefined;
  #lastBytes: Uint8Array = EMPTY;

  constructor(private readonly maxTokens = 10_000) {}

  /** Undefined when the text is no canonical UInt256. */
  encode(token: string): Uint8Array | undefined {
    if (token === this.#last) return this.#lastBytes;
    let bytes = this.#known.get(token);
    if (bytes === undefined) {
      bytes = encodeUInt256(token);
      if (bytes === undefined) return undefined;
      if (this.#known.size >= this.maxTokens) this.#known.clear();
      this.#known.set(token, bytes);
    }
    this.#last = token;
    this.#lastBytes = bytes;
    return bytes;
  }
}
