const ROWS = 0;
const PARTS = 1;
const CELLS = 2;

/** What the threads have done so far, while their attempts still run: in shared memory, so that nobody has to be asked. */
export class LiveCounters {
  readonly #cells: BigInt64Array;

  constructor(readonly memory: SharedArrayBuffer = new SharedArrayBuffer(CELLS * 8)) {
    this.#cells = new BigInt64Array(memory);
  }

  acknowledged(rows: number): void {
    Atomics.add(this.#cells, ROWS, BigInt(rows));
  }

  partRead(): void {
    Atomics.add(this.#cells, PARTS, 1n);
  }

  /** Rows that the target has acknowledged. */
  get rows(): number {
    return Number(Atomics.load(this.#cells, ROWS));
  }

  get parts(): number {
    return Number(Atomics.load(this.#cells, PARTS));
  }
}
