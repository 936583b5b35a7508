import { createHash } from 'node:crypto';
import type { RestAnswer } from './client.js';

/** Answers by the name of their request (which holds no secret), for `ttlMs`; the oldest go first when there are too many bytes. */
export class AnswerCache {
  readonly #entries = new Map<
    string,
    { readonly answer: RestAnswer; readonly untilMs: number; readonly bytes: number }
  >();
  #bytes = 0;
  hits = 0;
  misses = 0;

  constructor(
    private readonly ttlMs: number,
    private readonly maxBytes: number,
    private readonly now: () => number = Date.now,
  ) {}

  get(name: string): RestAnswer | null {
    const kept = this.#entries.get(keyOf(name));
    if (kept !== undefined && kept.untilMs > this.now()) {
      this.hits++;
      return kept.answer;
    }
    this.misses++;
    return null;
  }

  /** For an answer that was judged to be good. */
  keep(name: string, answer: RestAnswer): void {
    const key = keyOf(name);
    this.#drop(key);
    // A JavaScript string holds one or two bytes a character: the larger figure bounds the memory.
    const bytes = 2 * answer.text.length;
    if (bytes > this.maxBytes) return;
    this.#entries.set(key, { answer, untilMs: this.now() + this.ttlMs, bytes });
    this.#bytes += bytes;
    for (const [oldest, { untilMs }] of this.#entries) {
      if (untilMs > this.now() && this.#bytes <= this.maxBytes) break;
      this.#drop(oldest);
    }
  }

  get bytes(): number {
    return this.#bytes;
  }

  #drop(key: string): void {
    const entry = this.#entries.get(key);
    if (entry === undefined) return;
    this.#bytes -= entry.bytes;
    this.#entries.delete(key);
  }
}

function keyOf(name: string): string {
  return createHash('sha256').update(name).digest('base64');
}
