import { loadSql } from '../../clickhouse/sql.js';
import type { Target } from '../../clickhouse/target.js';
import { AdaptiveRate } from '../../net/adaptive-rate.js';
import { type RetryingOptions, retrying } from '../../net/retry.js';
import { AnswerCache } from '../../sources/rest/cache.js';
import { RestClient } from '../../sources/rest/client.js';
import { creditsOf, OddsSeen, oddsRequest, readOdds } from './odds.js';

/** Three quarters of the 30 requests a second of paid plans. */
const RPS = 22.5;
/** The source refreshes about once a minute: asking again sooner costs credits and tells little. */
const CACHE_MS = 30_000;
const CACHE_BYTES = 16 << 20;

/** Reads the odds of some sports, round after round; only what changed is written. */
export class OddsCollector {
  readonly #seen = new OddsSeen();
  readonly #cache = new AnswerCache(CACHE_MS, CACHE_BYTES);
  readonly #rate = new AdaptiveRate(RPS);
  readonly #client: RestClient;
  readonly #retry;

  constructor(
    private readonly target: Target,
    private readonly sports: readonly string[],
    private readonly options: {
      readonly url: string;
      readonly key: string | undefined;
      readonly deadlineMs: number;
      readonly retrying: RetryingOptions;
    },
  ) {
    this.#client = new RestClient({
      baseUrl: options.url,
      // The source takes it in the query only; the client keeps it out of every name.
      ...(options.key === undefined ? {} : { secretQuery: ['apiKey', options.key] as const }),
      deadlineMs: options.deadlineMs,
      connections: 4,
    });
    this.#retry = retrying(options.retrying);
  }

  async open(): Promise<void> {
    await this.target.command(loadSql('odds/create-silver-odds'), { purpose: 'making the table silver_odds' });
    await this.target.command(loadSql('odds/create-odds-credits'), { purpose: 'making the table odds_credits' });
  }

  /** Rows written. Throws FailureError. */
  async round(): Promise<number> {
    let written = 0;
    for (const sport of this.sports) {
      const request = oddsRequest(sport);
      const name = this.#client.nameOf(request);
      if (this.#cache.get(name) !== null) continue;
      const { answer, rows } = await this.#retry(name, async () => {
        const answer = await this.#client.request(request, [this.#rate], this.options.retrying.stop);
        return { answer, rows: readOdds(answer.text, sport, timeText(answer.receivedAtMs)) };
      });
      this.#cache.keep(name, answer);
      const news = this.#seen.only(rows);
      await this.target.insertRows('silver_odds', news as unknown as Record<string, unknown>[], {
        purpose: 'writing odds',
      });
      await this.target.insertRows('odds_credits', [creditsOf(answer, name, timeText(answer.receivedAtMs))], {
        purpose: 'recording credits',
      });
      this.#seen.written(sport, rows);
      written += news.length;
    }
    return written;
  }

  async close(): Promise<void> {
    this.#rate.close();
    await this.#client.close();
  }
}

function timeText(ms: number): string {
  return new Date(ms).toISOString().replace('T', ' ').slice(0, 23);
}
