import { SourceClient } from '../../../sources/subgraph/client.js';
import type { SourceLink } from '../../../sources/subgraph/link.js';
import { isTooSlow, smallerPage } from '../../../sources/subgraph/lists.js';
import type { Segment } from '../plan/segment.js';

import { fetchPage, type LanePage, type PageOptions } from '../subgraph/page.js';
import { parsePlainPage } from '../subgraph/plain-page.js';

/** One page request, milliseconds. */
export interface TimedPages {
  readonly pages: readonly LanePage[];
  /** From sending it to the last byte of the answer; waiting for the rate limit is none of it. */
  readonly requestMs: number;
  /** From there to checked rows: gunzip, JSON, shape, page checks. */
  readonly decodeMs: number;
}

/** A connection of its own for page requests one after the other, under the link's rate, each with what it cost. */
export class SamplingSource {
  readonly #client: SourceClient;
  #sentMs = 0;
  #receivedMs = 0;

  constructor(
    private readonly link: SourceLink,
    private readonly stop: AbortSignal,
  ) {
    const { hooks, settings } = link;
    this.#client = new SourceClient({
      url: settings.url,
      token: settings.token,
      deadlineMs: settings.requestTimeoutMs,
      connections: 1,
      parsePlain: parsePlainPage,
      acquire: async (signal) => {
        await hooks.acquire(signal);
        this.#sentMs = performance.now();
      },
      onReceived: () => {
        this.#receivedMs = performance.now();
      },
      onResponse: hooks.onResponse,
    });
  }

  /**
   * Passing failures are retried, and only the answer is timed. What is too slow is asked for in smaller pages, as a load does, and
   * fails when the smallest is. Throws FailureError.
   */
  fetch(lanes: readonly Segment[], options: Omit<PageOptions, 'signal'>): Promise<TimedPages> {
    const signal = this.stop;
    let { pageRows } = options;
    let tooSlow = false;
    const ask = async (): Promise<TimedPages> => {
      try {
        const pages = await fetchPage(this.#client, lanes, { ...options, pageRows, signal });
        const decodedMs = performance.now();
        return { pages, requestMs: this.#receivedMs - this.#sentMs, decodeMs: decodedMs - this.#receivedMs };
      } catch (error) {
        const smaller = isTooSlow(error) ? smallerPage(pageRows) : null;
        tooSlow = smaller === pageRows;
        pageRows = smaller ?? pageRows;
        throw error;
      }
    };
    return this.link.retry('a sample page', ask, () => !tooSlow);
  }

  close(): Promise<void> {
    return this.#client.close();
  }
}
