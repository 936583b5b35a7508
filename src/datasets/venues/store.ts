/** The runs of an ingest and how far they have come, in the target: so that a run goes on from any machine. */
import { loadSql } from '../../clickhouse/sql.js';
import type { Target } from '../../clickhouse/target.js';
import type { Venue } from './model.js';
import type { AnyChain } from './parts.js';
import type { ChainProgress } from './reader.js';

export interface IngestRun {
  readonly run: string;
  readonly venue: Venue;
  readonly type: 'static' | 'delta';
  /** '' for everything that is listed. */
  readonly choice: string;
  readonly selection: string;
  readonly startedMs: number;
}

interface RunRow {
  readonly run: string;
  readonly type: 'static' | 'delta';
  readonly selection: string;
  readonly started_ms: string;
  readonly ended_at: string | null;
  readonly complete: boolean;
}

/** Times of rows in ClickHouse's own format. */
export function timeText(ms: number): string {
  return new Date(ms).toISOString().replace('T', ' ').slice(0, 23);
}

export class IngestStore {
  #version = 0;

  constructor(private readonly target: Target) {}

  /** The latest run that has not ended and was asked for the same. */
  async unfinished(venue: Venue, choice: string, selection: string): Promise<IngestRun | null> {
    const row = await this.#latest(venue, { selection, choice });
    if (row === undefined || row.ended_at !== null) return null;
    return { run: row.run, venue, type: row.type, choice, selection, startedMs: Number(row.started_ms) };
  }

  /** When the latest complete run of this choice, or of everything, began; milliseconds, null without one. */
  async lastComplete(venue: Venue, type: 'static' | '', choice: string): Promise<number | null> {
    const row = await this.#latest(venue, { type, choice, complete: true });
    return row === undefined ? null : Number(row.started_ms);
  }

  async #latest(
    venue: Venue,
    by: { selection?: string; type?: string; choice?: string; complete?: boolean },
  ): Promise<RunRow | undefined> {
    const { selection = '', type = '', choice = '', complete = false } = by;
    const rows = await this.target.query<RunRow>(loadSql('venues/latest-run'), {
      params: { venue, selection, type, choice, complete },
      purpose: `looking up the runs of ${venue}`,
    });
    return rows[0];
  }

  async saveRun(
    run: IngestRun,
    end: {
      /** Null for a run that is to go on later. */
      readonly endedMs: number | null;
      readonly complete: boolean;
      readonly requests: number;
      readonly failure: string;
    } | null,
    nowMs: number,
  ): Promise<void> {
    const row = {
      run: run.run,
      venue: run.venue,
      type: run.type,
      choice: run.choice,
      selection: run.selection,
      started_at: timeText(run.startedMs),
      ended_at: end === null || end.endedMs === null ? null : timeText(end.endedMs),
      complete: end?.complete ?? false,
      requests: end?.requests ?? 0,
      failure: end?.failure ?? '',
      version: timeText(nowMs),
    };
    await this.target.insertRows('ingest_runs', [row], { insertMode: 'sync', purpose: 'recording the run' });
  }

  async chains({ run, venue }: IngestRun): Promise<Map<string, ChainProgress>> {
    const rows = await this.target.query<Record<string, string> & { cursors: string[] }>(
      loadSql('venues/chains-of-run'),
      {
        params: { run, venue },
        purpose: `reading how far the run has come at ${venue}`,
      },
    );
    return new Map(
      rows.map((row) => [
        row.chain as string,
        {
          chain: row.chain as string,
          state: row.state === null ? null : JSON.parse(row.state as string),
          pages: Number(row.pages),
          records: Number(row.records),
          dropped: Number(row.dropped),
          rejected: Number(row.rejected),
          missing: Number(row.missing),
          total: row.total === null ? null : Number(row.total),
          cursors: row.cursors,
          endedBy: row.ended_by === '' ? null : (row.ended_by as string),
        },
      ]),
    );
  }

  /** Called when every row that `progress` stands for is acknowledged. */
  async saveChain({ run, venue }: IngestRun, chain: AnyChain, progress: ChainProgress): Promise<void> {
    const row = {
      run,
      venue,
      chain: chain.name,
      kind: chain.kind,
      state: progress.state === null ? null : JSON.stringify(progress.state),
      pages: progress.pages,
      records: progress.records,
      dropped: progress.dropped,
      rejected: progress.rejected,
      missing: progress.missing,
      total: progress.total,
      cursors: progress.cursors,
      ended_by: progress.endedBy ?? '',
      version: this.#nextVersion(),
    };
    await this.target.insertRows('ingest_chains', [row], {
      insertMode: 'sync',
      purpose: 'recording how far a chain has come',
    });
  }

  async saveTradeMarks(venue: Venue, marketIds: readonly string[], completeToMs: number): Promise<void> {
    const rows = marketIds.map((market_id) => ({ venue, market_id, complete_to: timeText(completeToMs) }));
    await this.target.insertRows('trade_marks', rows, { insertMode: 'sync', purpose: 'recording complete trades' });
  }

  /** Later than every one before, also of an earlier process. */
  #nextVersion(): number {
    this.#version = Math.max(this.#version + 1, Date.now() * 1000);
    return this.#version;
  }
}
