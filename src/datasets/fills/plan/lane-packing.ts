/**
 * One-dimensional packing of one side's tokens into lanes, best fit on the largest first.
 *
 * A lane of n rows takes floor(n / pageRows) full pages and one short page, so what matters of a token is its rows
 * modulo the page: lanes are filled until those remainders come to pageRows − 1, whether a token has 3 rows or 3,003.
 */
export interface LaneItem {
  readonly token: number;
  readonly rows: number;
}

export interface Lane {
  readonly tokens: number[];
  rows: number;
  pages: number;
}

export interface LaneLimits {
  readonly pageRows: number;
  readonly maxTokens: number;
  /** Pages of a lane that holds several tokens. */
  readonly maxPages: number;
}

/** Deterministic for items in a given order. Items of no rows must have been left out. */
export function packLanes(items: readonly LaneItem[], limits: LaneLimits): Lane[] {
  const { pageRows } = limits;
  const lanes: Lane[] = [];
  const rooms = new Rooms(pageRows);
  // Tokens of several pages open lanes; the others then fill what these leave.
  const pagesBefore = (item: LaneItem) => Math.floor(item.rows / pageRows);
  const sorted = [...items].sort(
    (a, b) =>
      Math.sign(pagesBefore(b)) - Math.sign(pagesBefore(a)) ||
      (b.rows % pageRows) - (a.rows % pageRows) ||
      b.rows - a.rows ||
      a.token - b.token,
  );
  for (const item of sorted) {
    const size = item.rows % pageRows;
    const pages = pagesBefore(item);
    let room = rooms.atLeast(size);
    while (room !== -1 && (lanes[rooms.peek(room)] as Lane).pages + pages > limits.maxPages && pages > 0) {
      room = rooms.atLeast(room + 1);
    }
    if (room === -1) {
      lanes.push({ tokens: [item.token], rows: item.rows, pages: pages + 1 });
      if (limits.maxTokens > 1) rooms.add(pageRows - 1 - size, lanes.length - 1);
      continue;
    }
    const index = rooms.take(room);
    const lane = lanes[index] as Lane;
    lane.tokens.push(item.token);
    lane.rows += item.rows;
    lane.pages += pages;
    if (lane.tokens.length < limits.maxTokens) rooms.add(room - size, index);
  }
  for (const lane of lanes) lane.tokens.sort((a, b) => a - b);
  return lanes;
}

/** Lanes by the room they have left, with a bit per room to find the next one that suffices. */
class Rooms {
  readonly #stacks: number[][];
  readonly #bits: Uint32Array;

  constructor(readonly size: number) {
    this.#stacks = Array.from({ length: size }, () => []);
    this.#bits = new Uint32Array((size >> 5) + 1);
  }

  add(room: number, lane: number): void {
    (this.#stacks[room] as number[]).push(lane);
    this.#bits[room >> 5] = (this.#bits[room >> 5] as number) | (1 << (room & 31));
  }

  peek(room: number): number {
    const stack = this.#stacks[room] as number[];
    return stack[stack.length - 1] as number;
  }

  take(room: number): number {
    const stack = this.#stacks[room] as number[];
    const lane = stack.pop() as number;
    if (stack.length === 0) this.#bits[room >> 5] = (this.#bits[room >> 5] as number) & ~(1 << (room & 31));
    return lane;
  }

  /** The smallest room of some lane that is at least so large, or -1. */
  atLeast(room: number): number {
    if (room >= this.size) return -1;
    let word = room >> 5;
    let bits = (this.#bits[word] as number) & (-1 << (room & 31));
    while (bits === 0) {
      if (++word >= this.#bits.length) return -1;
      bits = this.#bits[word] as number;
    }
    return (word << 5) + (31 - Math.clz32(bits & -bits));
  }
}
