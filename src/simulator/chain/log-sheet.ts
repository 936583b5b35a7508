/**
 * The logs of one block as plain numbers, written by the universe and read by the servers; used again for every block.
 * A log's words are its topics after the first, then its data, 32 bytes being eight words.
 */
export class LogSheet {
  block = 0;
  count = 0;
  emitter = new Uint8Array(256);
  event = new Uint8Array(256);
  /** Topics, the first included. */
  topics = new Uint8Array(256);
  /** Data, in units of 32 bytes. */
  dataWords = new Uint8Array(256);
  logIndex = new Int32Array(256);
  /** The transaction's place among those of the sheet. */
  tx = new Uint16Array(256);
  /** Where a log's words begin; the entry after the last log is the end. */
  start = new Int32Array(257);
  words = new Int32Array(256 * 80);

  txCount = 0;
  txIndex = new Int32Array(64);
  /** Eight words a transaction. */
  txHash = new Int32Array(64 * 8);

  reset(block: number): void {
    this.block = block;
    this.count = 0;
    this.txCount = 0;
    this.start[0] = 0;
  }

  /** Begins a transaction; its hash is still to be written, at the place returned. */
  addTx(txIndex: number): number {
    if (this.txCount === this.txIndex.length) {
      this.txIndex = grown(this.txIndex);
      this.txHash = grown(this.txHash);
    }
    this.txIndex[this.txCount] = txIndex;
    return this.txCount++ * 8;
  }

  /** Adds a log of the last transaction, all words zero. Returns where its words begin. */
  add(emitter: number, event: number, logIndex: number, topics: number, dataWords: number): number {
    const i = this.count++;
    if (i === this.emitter.length) this.#grow();
    this.emitter[i] = emitter;
    this.event[i] = event;
    this.topics[i] = topics;
    this.dataWords[i] = dataWords;
    this.logIndex[i] = logIndex;
    this.tx[i] = this.txCount - 1;
    const from = this.start[i] as number;
    const to = from + (topics - 1 + dataWords) * 8;
    if (to > this.words.length) this.words = grown(this.words);
    this.words.fill(0, from, to);
    this.start[i + 1] = to;
    return from;
  }

  #grow(): void {
    this.emitter = grown(this.emitter);
    this.event = grown(this.event);
    this.topics = grown(this.topics);
    this.dataWords = grown(this.dataWords);
    this.logIndex = grown(this.logIndex);
    this.tx = grown(this.tx);
    const start = new Int32Array(this.emitter.length + 1);
    start.set(this.start);
    this.start = start;
  }
}

function grown<A extends Uint8Array | Uint16Array | Int32Array>(array: A): A {
  const Kind = array.constructor as new (length: number) => A;
  const bigger = new Kind(array.length * 2);
  bigger.set(array);
  return bigger;
}
